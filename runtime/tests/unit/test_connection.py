import asyncio
import time
from pathlib import Path
from typing import Any, cast

from modelyard_runtime.gateway.calls import Calls
from modelyard_runtime.gateway.http import IDLE_SECONDS, READ_SECONDS, Connection
from modelyard_runtime.gateway.journal import Journal


class Wire:
    """The caller's end of a connection."""

    def __init__(self) -> None:
        self.received = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.received += data

    def close(self) -> None:
        self.is_closed = True


def connect(folder: Path) -> tuple[Connection, Wire]:
    connection, wire = Connection(Calls(Journal(folder, "1")), set()), Wire()
    connection.connection_made(cast("asyncio.Transport", wire))
    return connection, wire


def test_request_that_never_ends_is_given_up(tmp_path: Path) -> None:
    connection, wire = connect(tmp_path)
    connection.data_received(b"POST /a/b/c/predict HTTP/1.1\r\nHost: x\r\nSlow: ")
    connection.expire(time.monotonic() + READ_SECONDS - 1)
    assert wire.received == b""
    connection.expire(time.monotonic() + READ_SECONDS + 1)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    connection.expire(time.monotonic() + READ_SECONDS + 10)
    assert wire.is_closed


def test_connection_that_says_nothing_is_closed_in_silence(tmp_path: Path) -> None:
    connection, wire = connect(tmp_path)
    connection.data_received(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.received.startswith(b"HTTP/1.1 200 ")
    said: Any = wire.received
    connection.expire(time.monotonic() + IDLE_SECONDS + 1)
    assert (wire.received, wire.is_closed) == (said, True)


def test_gateway_without_a_table_asks_to_come_back(tmp_path: Path) -> None:
    connection, wire = connect(tmp_path)
    connection.data_received(b"GET /a/b/c/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.received.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 2\r\n" in wire.received
