"""Who may call a deployment, and how calls reach it.

Owns: endpoint keys, OAuth clients and their access tokens, the desired state of the node.
Invariants: a key or secret is stored as a digest and shown once; the desired state holds committed
facts only and its generation grows with every change.
Facts emitted: none.
"""
