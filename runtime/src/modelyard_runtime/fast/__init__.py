"""The fast lane: versions compiled to ONNX, answered inside the gateway worker.

Nothing but ONNX Runtime and this code runs there: no pickle, no Python of the model. Graphs are
untrusted input: `graphs` refuses custom operators and external files, and the worker that runs
them is itself behind the sandbox's walls.
"""
