"""The front of the data plane.

Owns: connections of callers, keys and limits, the choice of a target, the prediction journal.
Invariants: an unknown address and a wrong key are one answer; a target that is not ready gets
nothing; a prediction is never held up by its record.
"""
