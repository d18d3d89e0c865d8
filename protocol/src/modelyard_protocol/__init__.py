"""What the planes say to each other.

Owns: model packages, inference wire shapes, the desired state of a node, prediction records.
Invariants: pydantic only, no I/O beyond bytes in and out, no framework imports.
"""
