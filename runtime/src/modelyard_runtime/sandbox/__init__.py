"""Walls around model code: `python -m modelyard_runtime.sandbox run|probe`.

Tiers, strongest first: *bwrap* (own namespaces, only named folders, seccomp), *landlock* (same
filter, file access by Landlock), *none* (refused unless explicitly allowed). In every tier: empty
environment, no network, no other processes, memory and file limits.
"""
