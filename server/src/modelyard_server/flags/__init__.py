"""Features that are switched on step by step.

Owns: the rules of feature flags, for the installation, for organisations and for people.
Invariants: the server decides; a route whose flag is off answers like one that does not exist; a
kill switch wins over everything; every change is audited.
Facts emitted: none.
"""
