"""People and how they prove who they are.

Owns: users, sessions, API tokens, single-use links (setup, password reset).
Invariants: secrets are stored as digests only; a session or token that is revoked, expired or whose
user is disabled authenticates nobody; no account has a default password.
Facts emitted: none.
"""
