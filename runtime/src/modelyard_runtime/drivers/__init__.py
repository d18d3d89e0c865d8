"""Where model servers run: as processes of this machine or in containers of its Docker engine.

Owns: starting, watching, connecting and ending one run of a model server, and taking over or
removing runs that a killed node has left.
Invariants: the supervisor knows only `contract`; gateway workers get connected sockets, never
addresses; a driver never blocks the node's loop.
"""
