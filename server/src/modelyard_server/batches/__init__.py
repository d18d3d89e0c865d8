"""Batch scoring: a file of rows, predicted by a deployment part by part.

Owns: batches, their input, and their results and refused rows as files of the artifact store.
Invariants: a part is in the results exactly once, also after `kill -9`; a wrong row never stops
the others; rows go through the gateway like live calls, marked as batch.
Facts emitted: none.
"""
