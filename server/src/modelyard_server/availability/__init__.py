"""Whether the parts of the installation answered in the last thirty days.

Owns: `watched_components`, `outages`. Both are the installation's, not a workspace's.
Invariants: an instant counts once however many outages cover it; what nobody watched is not told.
Facts emitted: none.
"""
