"""Frames and descriptors between node and workers arrive whole and in order."""

import asyncio
import os
import socket

import pytest

from modelyard_runtime.channel import Channel
from modelyard_runtime.wire import Kind

LARGE = bytes(range(256)) * 4096  # more than the socket takes at once


@pytest.mark.parametrize("gathers", [True, False])
def test_frames_arrive_in_order_with_their_descriptors(gathers: bool) -> None:
    received: list[tuple[Kind, bytes, bytes | None]] = []
    wanted: list[tuple[Kind, bytes, bytes | None]] = []

    async def exchange() -> None:
        arrived = asyncio.Event()

        def told(kind: Kind, payload: bytes, descriptor: int) -> None:
            content = None
            if descriptor >= 0:
                content = os.pread(descriptor, 16, 0)
                os.close(descriptor)
            received.append((kind, payload, content))
            if kind is Kind.drain:
                arrived.set()

        ours, theirs = socket.socketpair()
        reader = Channel(theirs, told, lambda: None)
        sender = Channel(ours, lambda *_: None, lambda: None, gathers=gathers)
        for number in range(40):
            payload = LARGE if number % 10 == 3 else b"%d" % number
            wanted.append((Kind.records, payload, None))
            sender.send(Kind.records, payload)
            if number % 7 == 2:
                file = os.memfd_create("content")
                os.write(file, b"%d" % number)
                wanted.append((Kind.graph, payload, b"%d" % number))
                sender.send(Kind.graph, payload, file)
                os.close(file)
        sender.send(Kind.drain)
        wanted.append((Kind.drain, b"", None))
        await asyncio.wait_for(arrived.wait(), 60)
        assert sender.pending_bytes == 0
        sender.close()
        reader.close()

    asyncio.run(exchange())
    assert received == wanted


def test_what_was_to_leave_together_is_dropped_with_the_connection() -> None:
    async def exchange() -> None:
        ours, theirs = socket.socketpair()
        closed = asyncio.Event()
        sender = Channel(ours, lambda *_: None, closed.set, gathers=True)
        sender.send(Kind.counts, b"1")
        sender.close()
        await asyncio.sleep(0)  # the turn in which it would have left
        assert closed.is_set()
        assert theirs.recv(64) == b""
        theirs.close()

    asyncio.run(exchange())
