"""The data plane: gateway, supervisor, model servers and their sandbox.

Owns: node processes, sockets, the prediction journal, the walls around model code.
Invariants: imports modelyard_protocol and nothing else of ours; serves without the control plane;
no model code runs outside a sandbox unless that was allowed explicitly.
"""
