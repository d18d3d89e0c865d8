"""Sample projects: the main job done by itself, on real data, with one click.

Owns: which samples a workspace has installed and how far they are.
Invariants: a sample does what a user would, over the public API, with its installer's rights; a
removed sample leaves nothing but its audit entries.
Facts emitted: none.
"""
