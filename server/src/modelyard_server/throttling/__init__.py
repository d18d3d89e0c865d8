"""How often people, keys and organisations may ask.

Owns: route classes, their limits, and what an administrator set instead.
Invariants: a request over a limit changes nothing and answers 429 with when to come back; buckets
are shared through Redis when there is one, and kept in the process while it does not answer.
Facts emitted: none.
"""
