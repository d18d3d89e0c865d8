"""The gRPC front: the Open Inference Protocol v2 for clients that speak gRPC.

Owns: one process beside the gateway workers, and the translation between both transports.
Invariants: it knows no keys, models or tables; every call goes through the gateway, so keys,
limits, routing, records and counts are those of HTTP; when it dies, HTTP notices nothing.
"""
