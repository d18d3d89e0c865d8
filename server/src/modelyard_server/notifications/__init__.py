"""Channels to people and their systems, and what was said over them.

Owns: channels with sealed secrets, the outbox of notices, the log of deliveries.
Invariants: a notice is written in the transaction of the change it tells of; a secret never leaves
the server; each attempt is counted; what cannot be delivered is kept as a dead letter that can be
sent again; a channel gets at most its hourly number, the rest arrives as one digest.
Facts emitted: none.
"""
