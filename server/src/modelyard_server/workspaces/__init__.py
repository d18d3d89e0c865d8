"""Tenants, their members, and who may do what.

Owns: organisations, workspaces, memberships, invitations, the permission matrix.
Invariants: every request acts in at most one workspace; somebody who is not a member gets the same
404 as for a workspace that does not exist; the last admin of a workspace stays.
Facts emitted: workspaces.created.
"""
