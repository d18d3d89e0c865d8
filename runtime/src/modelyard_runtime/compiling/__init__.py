"""Compiles a version to ONNX inside the sandbox, and proves the graph against the original.

Owns: converters, probes, the comparison, the race. Invariants: a graph is offered only if it
answered every probe as the original did and is faster for single rows; whatever stands in the way
is a sentence for people, never an error of the roll-out.
"""
