"""Model servers as pods of a Kubernetes cluster.

Owns: what a version is in the cluster (Deployment, Service, NetworkPolicy, Secret, scaler), asking
for it, filling its pods with files, and speaking with them.
Invariants: nothing in the cluster calls the platform: the node calls pods, over TCP, and both prove
that they know the version's secret; the API server is never on a request's path.
"""
