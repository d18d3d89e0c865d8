"""What deployed models do: traffic, latency, logged predictions, drift.

Owns: journal positions, traffic counts, the prediction log, references (baselines) and profiles.
Invariants: every journal record counts exactly once, also after a crash; console calls count
nowhere; a profile is only ever compared with the reference whose grids it was counted on; a
verdict needs 200 rows, a statistical change and an effect above the noise.
Facts emitted: none.
"""
