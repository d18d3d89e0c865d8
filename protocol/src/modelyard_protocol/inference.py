"""Request bodies of the three skins, decoded to columns by one piece of code.

The model server decodes with it before it predicts, monitoring decodes with it when it reads the
journal, so both always mean the same rows.
"""
