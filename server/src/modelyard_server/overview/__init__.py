"""The first page: what needs somebody, and how far a new workspace has come.

Owns: no tables; it asks the capabilities below.
Invariants: a step is done when its fact is there, not when a button was pressed.
Facts emitted: none.
"""
