"""Registered models, their versions, and the proof that a version can run.

Owns: models, versions, tags, aliases, checks, materialised packages, model environments.
Invariants: versions of a model are numbered 1, 2, 3 … in the order they were registered and a
number is never given twice; the files of a version are fixed at registration by their digests;
model code is never loaded here, only in the sandbox.
Facts emitted: none yet; changes are in the audit trail as registry.*.
"""
