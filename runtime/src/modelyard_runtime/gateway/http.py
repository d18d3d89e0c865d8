"""HTTP/1.1 by hand on asyncio and llhttp: about a tenth of what an ASGI server costs a request."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from http import HTTPStatus
from typing import cast

import httptools

from .calls import Admitted, Calls, Incoming, Outgoing, refused, too_large
from .refusals import Refusal

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 16
MAX_CONNECTIONS = 4096
IDLE_SECONDS = 75.0  # between requests
READ_SECONDS = 30.0  # for one whole request: slow senders must not hold connections
LINGER_SECONDS = 2.0  # reading on after a refusal, so that the caller can read it
_NO_VERDICT = Refusal(400, "inference.bad_request", "This is not a valid request.")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

Verdict = Admitted | Outgoing | Refusal
"""What is known of a request after its head: it may be read on, or its answer."""


class Connection(asyncio.Protocol):
    """One caller; answers in the order of its requests, one at a time."""

    def __init__(self, calls: Calls, connections: set[Connection]) -> None:
        self._calls = calls
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._ready: deque[tuple[Incoming, Verdict, bool]] = deque()
        self._is_busy = False
        self._is_leaving = False
        self._lingers = False
        self.deadline = time.monotonic() + READ_SECONDS
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._verdict: Verdict = _NO_VERDICT
        self._begin()

    # -- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open connections."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        if len(self._connections) > MAX_CONNECTIONS:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the open connections; an answer on its way is thrown away."""
        del exc
        self._transport = None
        self._ready.clear()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came; anything that is not HTTP is refused and the connection closed."""
        if self._is_leaving:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.close_idle()  # the request itself was answered like any other
        except httptools.HttpParserError as error:
            refusal = error.__context__
            if not isinstance(refusal, Refusal):
                refusal = _NO_VERDICT
            self._give_up(refusal)

    def eof_received(self) -> bool:
        """Keep the connection of a caller who has said all and still waits for an answer."""
        self._is_leaving = True
        return self._is_busy

    def close_idle(self) -> None:
        """Hang up unless an answer is on its way."""
        self._is_leaving = True
        if not self._is_busy and not self._ready and self._transport is not None:
            self._transport.close()

    def expire(self, now: float) -> None:
        """Hang up on a caller who sends too slowly or nothing at all."""
        if now < self.deadline or self._is_busy or self._transport is None:
            return
        if self._head_bytes and not self._is_leaving:
            detail = "The request did not arrive in time."
            self._give_up(Refusal(408, "inference.request_timeout", detail))
        else:
            self._transport.close()

    # -- httptools

    def on_message_begin(self) -> None:
        """Start a request."""
        self._begin()
        self.deadline = time.monotonic() + READ_SECONDS

    def on_url(self, url: bytes) -> None:
        """Collect the address."""
        self._url += url
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; of a repeated one the first counts."""
        self._headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        self._grow(len(name) + len(value))
        self._header_count += 1
        if self._header_count > MAX_HEADERS:
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """Decide whether the request may come in, before its body is read."""
        method = self._parser.get_method().decode("latin-1")
        path = self._url.split(b"?", 1)[0].decode("latin-1")
        self._incoming = Incoming(method, path, self._headers)
        try:
            self._verdict = self._calls.admit(self._incoming)
        except Refusal as refusal:
            self._verdict = refusal
        if isinstance(self._verdict, Admitted):
            self._limit = self._verdict.route.max_body_bytes
            if self._headers.get("expect", "").lower() == "100-continue":
                self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif int(self._headers.get("content-length") or 0) > MAX_HEAD_BYTES:
            self._refuse_now()

    def on_body(self, body: bytes) -> None:
        """Collect the body up to the endpoint's limit."""
        self._body_bytes += len(body)
        if self._body_bytes > self._limit:
            if isinstance(self._verdict, Admitted):
                self._verdict = too_large(self._limit)
            self._refuse_now()
        if isinstance(self._verdict, Admitted):
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Queue a whole request behind those before it."""
        incoming = self._incoming
        incoming.body = b"".join(self._body) if len(self._body) != 1 else self._body[0]
        incoming.complete_ns = time.perf_counter_ns()
        self._body = []
        self._head_bytes = 0
        self._ready.append((incoming, self._verdict, self._parser.should_keep_alive()))
        if len(self._ready) > MAX_PIPELINED and self._transport is not None:
            self._transport.pause_reading()
        self._next()

    # -- ours

    def _begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = []
        self._head_bytes = self._header_count = self._body_bytes = 0
        self._limit = MAX_HEAD_BYTES
        self._incoming = Incoming("", "", {})
        self._verdict = _NO_VERDICT

    def _grow(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse_head()

    def _refuse_head(self) -> None:
        raise Refusal(431, "inference.head_too_large", "The request's headers are too large.")

    def _refuse_now(self) -> None:
        """Stop reading a body nobody wants; carried out of the parser as its error's context."""
        verdict = self._verdict
        raise verdict if isinstance(verdict, Refusal) else too_large(self._limit)

    def _next(self) -> None:
        while self._ready and not self._is_busy and self._transport is not None:
            incoming, verdict, keep_alive = self._ready.popleft()
            if len(self._ready) == MAX_PIPELINED:
                self._transport.resume_reading()
            self._is_busy = True
            if isinstance(verdict, Admitted):
                self._predict(incoming, verdict, keep_alive)
            elif isinstance(verdict, Refusal):
                self._send(refused(verdict, incoming.request_id), incoming, keep_alive)
            else:
                self._send(verdict, incoming, keep_alive)

    def _predict(self, incoming: Incoming, admitted: Admitted, keep_alive: bool) -> None:
        def respond(outgoing: Outgoing) -> None:
            self._send(outgoing, incoming, keep_alive)
            self._next()

        try:
            self._calls.answer(incoming, admitted, respond)
        except Refusal as refusal:
            respond(refused(refusal, incoming.request_id))

    def _send(self, outgoing: Outgoing, incoming: Incoming, keep_alive: bool) -> None:
        self._is_busy = False
        stays = keep_alive and not self._is_leaving
        self._write(_response(outgoing, incoming, stays))
        self.deadline = time.monotonic() + (LINGER_SECONDS if self._lingers else IDLE_SECONDS)
        is_last = not stays and not self._ready
        if is_last and not self._lingers and self._transport is not None:
            self._transport.close()

    def _give_up(self, refusal: Refusal) -> None:
        """Answer what could not be read to its end, after all before it, then hang up."""
        self._is_leaving = self._lingers = True
        self._ready.append((self._incoming, refusal, False))
        self._next()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _response(outgoing: Outgoing, incoming: Incoming, keep_alive: bool) -> bytes:
    status = outgoing.status
    lines = [
        f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}",
        f"Content-Type: {outgoing.media}",
        f"Content-Length: {len(outgoing.body)}",
        f"X-Request-Id: {incoming.request_id or '-'}",
        "Cache-Control: no-store",
    ]
    lines += [f"{name}: {value}" for name, value in outgoing.headers.items()]
    if not keep_alive:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if incoming.method == "HEAD" else head + outgoing.body
