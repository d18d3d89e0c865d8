"""Imports: histories of other tools, kept with their ids and times.

Owns: imports and what each of them brought.
Invariants: an item is complete only after everything it has was written; a complete item whose
fingerprint is unchanged is never written again, so that an import can be repeated and resumed.
Facts emitted: audit entries `imports.*`, and those of the runs and models that were brought.
The reading of the source is the client's work: nothing here connects to an address.
"""
