"""Model versions behind stable addresses.

Owns: environments, deployments, revisions, roll-outs, the reconciliation with the node.
Invariants: at most one revision of a deployment is live; a revision gets traffic only after the
version reproduced its stored prediction and its server answered; a roll-out that fails leaves the
live revision serving; a revision never changes what it serves.
Facts emitted: deployments.deleted, to every `DeploymentObserver`.
"""
