"""Experiments, runs, what they logged, and the models they logged: MLflow's tracking protocol.

Owns: `tracking_keys`, `experiments`, `runs`, `metric_points`, `metric_chunks`, `metric_pieces`,
`run_metrics`, `run_params`, `run_tags`, `run_changes`, `datasets`, `run_inputs`, `logged_models`,
`run_models`, `model_metrics`.

Invariants: experiment ids are small numbers of their workspace, "0" is Default. A parameter never
changes. The latest metric is the one with the highest (step, time, value), whatever the order of
arrival. Logging the same point twice leaves one. Clients never name a storage location.

Facts emitted: audit events `experiments.*` and `runs.*`; see `routes.UNAUDITED` for what is not.
"""
