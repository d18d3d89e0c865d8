import asyncio
import re
import time
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard_runtime.gateway.allowance import Allowance
from modelyard_runtime.gateway.calls import Calls
from modelyard_runtime.gateway.http import IDLE_SECONDS, READ_SECONDS, Connection
from modelyard_runtime.gateway.metering import Metering
from modelyard_runtime.gateway.mirror import Mirror
from modelyard_runtime.gateway.recorder import Recorder
from modelyard_runtime.gateway.safeguarding import Safeguarding
from modelyard_runtime.gateway.servers import Servers


class Wire:
    """The caller's end of a connection."""

    def __init__(self) -> None:
        self.received = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.received += data

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


@pytest.fixture(scope="module")
def calls() -> Calls:
    recorder = Recorder(lambda *_: None, lambda _: None, lambda: 0, lambda *_: None)
    servers = Servers()
    mirror = Mirror(servers, lambda _: None, lambda _: None, lambda *_: None)
    guarding = Safeguarding(lambda _: None, lambda *_: None)
    metering = Metering(lambda _: None, lambda *_: None, Allowance())
    return Calls(recorder, servers, mirror, guarding, metering, lambda *_: None, lambda _: None)


def connect(calls: Calls) -> tuple[Connection, Wire]:
    connection, wire = Connection(calls, set()), Wire()
    connection.connection_made(cast("asyncio.Transport", wire))
    return connection, wire


def test_request_that_never_ends_is_given_up(calls: Calls) -> None:
    connection, wire = connect(calls)
    connection.data_received(b"POST /a/b/c/predict HTTP/1.1\r\nHost: x\r\nSlow: ")
    connection.expire(time.monotonic() + READ_SECONDS - 1)
    assert wire.received == b""
    connection.expire(time.monotonic() + READ_SECONDS + 1)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    connection.expire(time.monotonic() + READ_SECONDS + 10)
    assert wire.is_closed


def test_connection_that_says_nothing_is_closed_in_silence(calls: Calls) -> None:
    connection, wire = connect(calls)
    connection.data_received(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.received.startswith(b"HTTP/1.1 200 ")
    said: Any = wire.received
    connection.expire(time.monotonic() + IDLE_SECONDS + 1)
    assert (wire.received, wire.is_closed) == (said, True)


def test_gateway_without_a_table_asks_to_come_back(calls: Calls) -> None:
    connection, wire = connect(calls)
    connection.data_received(b"GET /a/b/c/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.received.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 2\r\n" in wire.received


_PIECES = [
    b"GET /livez HTTP/1.1\r\n", b"POST /a/b/c/predict HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n",
    b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Connection: close\r\n", b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"abc", b"3\r\nabc\r\n",
    b"0\r\n\r\n", b"Content-Length: 99999999999\r\n", b"HEAD / HTTP/1.0\r\n",
    b"PRI * HTTP/2.0\r\n\r\n",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(pieces=st.lists(st.sampled_from(_PIECES) | st.binary(max_size=20), max_size=25))
def test_no_bytes_bring_the_gateway_down(calls: Calls, pieces: list[bytes]) -> None:
    connection, wire = connect(calls)
    for piece in pieces:
        connection.data_received(piece)
    connection.expire(time.monotonic() + READ_SECONDS + IDLE_SECONDS)
    connection.expire(time.monotonic() + 2 * (READ_SECONDS + IDLE_SECONDS))
    assert wire.is_closed
    assert wire.received == b"" or re.match(rb"HTTP/1\.1 [1-5]\d\d ", wire.received)
