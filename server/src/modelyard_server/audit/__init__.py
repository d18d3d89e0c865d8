"""Reading the append-only record of who did what.

Owns: listing, filtering and exporting audit events (the table and `record` live in `kernel.trail`).
Invariants: events are never changed or deleted; exporting is itself audited.
Facts emitted: none.
"""
