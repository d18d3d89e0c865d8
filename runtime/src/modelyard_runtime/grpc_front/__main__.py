"""`python -m modelyard_runtime.grpc_front --port N --gateway-port N`, started by the node.

It ends when its standard input does: that is the node's end of a pipe.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

import grpc

from .gateway import Gateway
from .service import MAX_MESSAGE_BYTES, Inference

MAX_CALLS = 512  # at once; each may hold a message of the largest size
DRAIN_SECONDS = 18.0
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
]


def main(argv: list[str] | None = None) -> int:
    """Serve until the node hangs up or SIGTERM."""
    parser = argparse.ArgumentParser(prog="modelyard_runtime.grpc_front")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--gateway-host", default="127.0.0.1")
    parser.add_argument("--gateway-port", type=int, required=True)
    options = parser.parse_args(argv)
    return asyncio.run(_serve(options))


async def _serve(options: argparse.Namespace) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    gateway = Gateway(options.gateway_host, options.gateway_port)
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CALLS)
    server.add_generic_rpc_handlers((Inference(gateway).handler(),))
    host = f"[{options.host}]" if ":" in options.host else options.host
    try:
        server.add_insecure_port(f"{host}:{options.port}")
    except RuntimeError:
        print(f"Port {options.port} is taken by another program.", flush=True)  # noqa: T201 - its log
        return 98
    await server.start()
    print(f"gRPC on {host}:{options.port}", flush=True)  # noqa: T201 - its log
    await loop.connect_read_pipe(lambda: _Leash(stop), sys.stdin)
    await stop.wait()
    await server.stop(DRAIN_SECONDS)
    gateway.close()
    return 0


class _Leash(asyncio.Protocol):
    """Notices the end of the node."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        del exc
        self._stop.set()


if __name__ == "__main__":
    sys.exit(main())
