"""Dashboards that people make: panels of signals of deployments, kept for the workspace.

Owns: dashboards with their panels.
Invariants: a name is of one dashboard of a workspace; nobody overwrites a version they have not
seen; panels keep no numbers, so what they show obeys retention and erasure.
Facts emitted: none.
"""
