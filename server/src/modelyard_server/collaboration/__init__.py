"""What people say to each other about anything in a workspace, and how they hear of it.

Owns: comments, inbox items.
Invariants: a comment hangs on a resource that exists in the workspace; a reply belongs to a thread
of the same resource; only its author changes a comment; a deleted one stays as an empty place;
an inbox item is seen by its receiver alone.
Facts emitted: none; changes are in the audit trail as collaboration.*, under the resource itself.
"""
