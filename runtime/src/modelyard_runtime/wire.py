"""Frames between node, gateway workers and model servers, on one socket pair per two of them.

A frame is `u32 length of what follows | u32 call | u8 kind | payload`, little endian. Calls are
multiplexed: many may be open, answers come in any order, so whatever has arrived can be batched.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Any

import orjson

_HEAD = struct.Struct("<IIB")
_CALL = struct.Struct("<H")
_ANSWER = struct.Struct("<HI")
_AFTER_LENGTH = _HEAD.size - 4
GONE = 499  # what a call that nobody waits for ends with
MAX_FRAME = 64 * 1024 * 1024  # a reader buffers up to one frame


REPLICA_MARK = "."


def base_of(process_id: str) -> str:
    """Give the version that a process serves; further processes of one are `id.1`, `id.2`, …."""
    return process_id.partition(REPLICA_MARK)[0]


class Kind(IntEnum):
    """What a frame says."""

    predict = 1  # worker → server: `u16 length | JSON of CallMeta | body`
    attach = 2  # node → both ends: JSON `{"server": id}` and a descriptor that connects them
    drain = 3  # node → both: finish what is open, then leave
    table = 4  # node → worker: JSON of the desired state
    graph = 5  # node → worker: JSON `{"server": id, …}` and the descriptor of a compiled graph
    forget = 6  # node → worker: JSON `{"server": id}`; its graph is not to be used any more
    open = 7  # node → worker: take callers from now on
    detach = 9  # node → worker: JSON `{"server": id}`; hang up once its calls are answered
    spent = 8  # both ways: JSON `[calls, tokens]`, each per limited key
    month = 12  # node → worker that starts: JSON `[month, [calls, tokens]]`
    hello = 10  # server → node: JSON of facts, sent once the input example was predicted
    cancel = 24  # worker → server: nobody waits for this call's answer any more
    answer = 11  # server → worker: `u16 status | u32 model µs | body`
    piece = 12  # server → worker: a part of an answer, or nothing: the call is being worked on
    failed = 13  # server → node: JSON `{"error": …}`; the server exits afterwards
    printed = 14  # pod → node: bytes that the model server printed
    ended = 15  # pod → node: JSON `{"code": …}`; the model server's exit code, negative: its signal
    done = 20  # worker → node: JSON of what it has taken over
    records = 21  # worker → node: `u32 records | journal frames`; may be dropped, counted
    counts = 22  # worker → node: journal frames that are never dropped
    health = 23  # worker → node: JSON of open calls and dropped records, once a second


class Reader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Kind, bytes]]:
        """Give (call, kind, payload) of each frame that is whole.

        Raises:
            ValueError: the stream is not ours; the connection must be closed.
        """
        self._buffer += data
        offset = 0
        try:
            while len(self._buffer) - offset >= _HEAD.size:
                length, call, kind = _HEAD.unpack_from(self._buffer, offset)
                if not _AFTER_LENGTH <= length <= MAX_FRAME:
                    raise ValueError(f"A frame of {length} bytes is not possible.")
                end = offset + 4 + length
                if end > len(self._buffer):
                    return
                payload = bytes(self._buffer[offset + _HEAD.size : end])
                offset = end
                yield call, Kind(kind), payload
        finally:
            del self._buffer[:offset]


def pack(call: int, kind: Kind, payload: bytes = b"") -> bytes:
    """Write one frame."""
    return _HEAD.pack(_AFTER_LENGTH + len(payload), call, kind) + payload


def pack_call(call: int, meta: dict[str, Any], body: bytes) -> bytes:
    """Write a predict frame."""
    head = orjson.dumps(meta)
    return pack(call, Kind.predict, _CALL.pack(len(head)) + head + body)


def read_call(payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Give the meta and the body of a predict frame."""
    (length,) = _CALL.unpack_from(payload)
    start = _CALL.size + length
    return orjson.loads(payload[_CALL.size : start]), payload[start:]


def pack_answer(call: int, status: int, model_us: int, body: bytes) -> bytes:
    """Write an answer frame."""
    return pack(call, Kind.answer, _ANSWER.pack(status, min(model_us, 2**32 - 1)) + body)


def read_answer(payload: bytes) -> tuple[int, int, bytes]:
    """Give status, time inside predict in µs, and body of an answer frame."""
    status, model_us = _ANSWER.unpack_from(payload)
    return status, model_us, payload[_ANSWER.size :]
