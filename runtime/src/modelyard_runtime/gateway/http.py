"""HTTP/1.1 by hand on asyncio and llhttp: about a tenth of what an ASGI server costs a request.

Clients repeat their request heads byte by byte. A head that llhttp has accepted once, and that was
admitted, is known by its bytes under the same routing table: the next request with it is read
without parsing anything.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import httptools

from modelyard_protocol.records import Skin

from .admission import Admitted, Incoming, refused
from .calls import Calls, too_large
from .ids import new_id
from .refusals import Outgoing, Refusal

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_SHARED_HEAD_BYTES = 4096
MAX_SHARED_HEADS = 4096  # of one table; a caller may send as many different ones as it likes
MAX_PIPELINED = 16
MAX_CONNECTIONS = 4096
IDLE_SECONDS = 75.0  # between requests
READ_SECONDS = 30.0  # for one whole request: slow senders must not hold connections
LINGER_SECONDS = 2.0  # reading on after a refusal, so that the caller can read it
_NO_VERDICT = Refusal(400, "inference.bad_request", "This is not a valid request.")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

_NOTHING = Incoming("", "", {})
_UNUSUAL = ("transfer-encoding", "expect", "upgrade", "x-request-id")

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
        self._is_between = True
        self._is_turning = False
        self._is_chunked = False
        self._leave: Callable[[], None] | None = None
        self._known_head = b""
        self._incoming_now = _NOTHING
        self._keeps_alive = True
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
        self._go()
        self._ready.clear()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came; anything that is not HTTP is refused and the connection closed."""
        if self._is_leaving:
            return
        self._known_head = b""
        if self._is_between and not self._is_busy and not self._ready:
            taken = self._take_known(data)
            if taken == len(data):
                return
            data = data[taken:] if taken else data
        while data:
            data = self._parse(data)

    def _parse(self, data: bytes) -> bytes:
        """Parse what came; give what has to be parsed anew."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._offers_other:
                return self._declined() + data[offer.args[0] :]
            self.close_idle()  # CONNECT: the request itself was answered like any other
        except httptools.HttpParserError as error:
            refusal = error.__context__
            if not isinstance(refusal, Refusal):
                refusal = _NO_VERDICT
            self._give_up(refusal)
        return b""

    def _declined(self) -> bytes:
        """Give the head of a request again without its offer to speak another protocol.

        llhttp takes the body of such a request for that protocol, and Java's client, for one,
        offers HTTP/2 with every first request.
        """
        stays = b"keep-alive" if self._parser.should_keep_alive() else b"close"
        version = self._parser.get_http_version().encode()
        lines = [self._parser.get_method() + b" " + self._url + b" HTTP/" + version]
        lines += [
            f"{name}: {value}".encode("latin-1")
            for name, value in self._headers.items()
            if name not in {"connection", "upgrade"}
        ]
        self._parser = httptools.HttpRequestParser(self)
        self._known_head = b""
        return b"\r\n".join([*lines, b"connection: " + stays, b"", b""])

    def _take_known(self, data: bytes) -> int:
        """Read a whole request whose head is known; give the bytes taken, 0 when it is not."""
        end = data.find(b"\r\n\r\n", 0, MAX_SHARED_HEAD_BYTES)
        table = self._calls.table
        if end < 0 or table is None:
            return 0
        head = data[:end]
        admitted = table.heads.get(head)
        if admitted is None or admitted.is_expired():  # read anew: the refusal says what expired
            self._known_head = head
            return 0
        begin, end = end + 4, end + 4 + admitted.length
        if len(data) < end:
            return 0
        self._is_busy = self._keeps_alive = True
        self._incoming_now = _NOTHING
        try:
            self._calls.answer_known(admitted, data[begin:end], self)
        except Refusal as refusal:
            self._refuse(Incoming("POST", "", {}), refusal, is_v2=admitted.skin is Skin.v2)
        return end

    def _remember(self, admitted: Admitted) -> None:
        """Know a head from now on, unless something in it makes the request an unusual one."""
        headers, table = self._headers, self._calls.table
        length = headers.get("content-length", "")
        is_usual = (
            self._parser.get_http_version() == "1.1"
            and self._parser.should_keep_alive()
            and length.isdigit()
            and not any(name in headers for name in _UNUSUAL)
        )
        if not is_usual or table is None or int(length) > admitted.route.max_body_bytes:
            return
        if len(table.heads) >= MAX_SHARED_HEADS:
            table.heads.clear()
        admitted.length = int(length)
        table.heads[self._known_head] = admitted

    def eof_received(self) -> bool:
        """Keep the connection of a caller who has said all and still waits for an answer."""
        self._is_leaving = True
        self._go()
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
        self._is_between = False
        self._begin()
        self.deadline = time.monotonic() + READ_SECONDS

    def on_url(self, url: bytes) -> None:
        """Collect the address."""
        self._url += url
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; of a repeated one the first counts."""
        key = name.decode("latin-1").lower()
        if key == "host" and key in self._headers:
            raise Refusal(400, "inference.bad_request", "The request names two hosts.")
        self._headers.setdefault(key, value.decode("latin-1"))
        self._grow(len(name) + len(value))
        self._header_count += 1
        if self._header_count > MAX_HEADERS:
            self._refuse_head()

    def on_headers_complete(self) -> None:
        """Decide whether the request may come in, before its body is read."""
        version = self._parser.get_http_version()
        if version == "0.9" or (version == "1.1" and "host" not in self._headers):
            raise Refusal(400, "inference.bad_request", "The request names no version or no host.")
        if self._headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
            detail = "The only transfer coding that is read is chunked."
            raise Refusal(400, "inference.bad_request", detail)
        self._offers_other = "upgrade" in self._headers and self._parser.should_upgrade()
        if self._offers_other:
            return  # the next parser decides
        method = self._parser.get_method().decode("latin-1")
        self._incoming = Incoming(method, _path(self._url), self._headers)
        try:
            self._verdict = self._calls.admit(self._incoming)
        except Refusal as refusal:
            self._verdict = refusal
        if isinstance(self._verdict, Admitted):
            self._limit = self._verdict.route.max_body_bytes
            self._verdict.request_id = self._incoming.request_id.encode()
            if self._known_head and self._verdict.route.language is None:
                self._remember(self._verdict)
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
        if self._offers_other:
            return
        self._is_between = True
        self._known_head = b""
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

    def _go(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def _begin(self) -> None:
        self._url = b""
        self._headers = {}
        self._body = []
        self._head_bytes = self._header_count = self._body_bytes = 0
        self._limit = MAX_HEAD_BYTES
        self._offers_other = False
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

    @property
    def is_plain(self) -> bool:
        """It stays open after the answer it waits for."""
        return self._keeps_alive and not self._is_leaving

    def when_gone(self, leave: Callable[[], None] | None) -> None:
        """Be told once when the caller hangs up before it has its answer."""
        self._leave = leave

    def begin(self, outgoing: Outgoing) -> None:
        """Write the head of an answer that comes in parts."""
        self._is_chunked = self._parser.get_http_version() == "1.1"
        if not self._is_chunked:
            self._keeps_alive = False
        stays = self._keeps_alive and not self._is_leaving
        length = ["Transfer-Encoding: chunked"] if self._is_chunked else []
        self._write(_head(outgoing, self._incoming_now, length, stays))

    def part(self, data: bytes) -> None:
        """Write a part."""
        self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    def end(self) -> None:
        """Write the end of an answer in parts."""
        self._is_busy = False
        if self._is_chunked:
            self._write(b"0\r\n\r\n")
        self.deadline = time.monotonic() + IDLE_SECONDS
        self._after()

    def reply(self, data: bytes) -> None:
        """Write a whole response on a connection that stays open."""
        self._is_busy = False
        if self._transport is not None:
            self._transport.write(data)
            self.deadline = time.monotonic() + IDLE_SECONDS
        if self._ready or self._is_leaving:
            self._after()

    def respond(self, outgoing: Outgoing) -> None:
        """Write an answer; it is the one of the request that came first."""
        self._is_busy = False
        stays = self._keeps_alive and not self._is_leaving
        self._write(_response(outgoing, self._incoming_now, stays))
        self.deadline = time.monotonic() + (LINGER_SECONDS if self._lingers else IDLE_SECONDS)
        self._after()

    def _after(self) -> None:
        """Go on with the next request, or hang up after the last."""
        stays = self._keeps_alive and not self._is_leaving
        if not stays and not self._ready and not self._lingers and self._transport is not None:
            self._transport.close()
        elif not self._is_turning:
            self._next()

    def _next(self) -> None:
        self._is_turning = True  # an answer that comes at once must not nest another turn
        try:
            while self._ready and not self._is_busy and self._transport is not None:
                self._turn()
        finally:
            self._is_turning = False

    def _turn(self) -> None:
        incoming, verdict, keep_alive = self._ready.popleft()
        if len(self._ready) == MAX_PIPELINED and self._transport is not None:
            self._transport.resume_reading()
        self._is_busy = True
        self._incoming_now, self._keeps_alive = incoming, keep_alive
        if isinstance(verdict, Admitted):
            try:
                self._calls.answer_late(incoming, verdict, self)
            except Refusal as refusal:
                self._refuse(incoming, refusal)
        elif isinstance(verdict, Refusal):
            self._refuse(incoming, verdict)
        else:
            self.respond(verdict)

    def _refuse(self, incoming: Incoming, refusal: Refusal, *, is_v2: bool = False) -> None:
        incoming.request_id = incoming.request_id or new_id()
        self._incoming_now = incoming
        is_v2 = is_v2 or "/v2/" in f"{incoming.path}/"
        is_openai = incoming.path.split("/", 4)[-1].startswith("v1/")
        self.respond(refused(refusal, incoming.request_id, is_v2=is_v2, is_openai=is_openai))

    def _give_up(self, refusal: Refusal) -> None:
        """Answer what could not be read to its end, after all before it, then hang up."""
        self._is_leaving = self._lingers = True
        self._ready.append((self._incoming, refusal, False))
        self._next()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _path(url: bytes) -> str:
    """Give the path of an address, also of one that names scheme and host.

    Source: RFC 9112, section 3.2.2: a server must accept the absolute form.
    """
    path = url.split(b"?", 1)[0].decode("latin-1")
    if path.startswith(("http://", "https://")):
        return "/" + path.split("://", 1)[1].partition("/")[2]
    return path


def _response(outgoing: Outgoing, incoming: Incoming, keep_alive: bool) -> bytes:
    length = [f"Content-Length: {len(outgoing.body)}"]
    head = _head(outgoing, incoming, length, keep_alive)
    return head if incoming.method == "HEAD" else head + outgoing.body


def _head(outgoing: Outgoing, incoming: Incoming, length: list[str], keep_alive: bool) -> bytes:
    status = outgoing.status
    request_id = incoming.request_id or outgoing.headers.get("X-Prediction-Id") or new_id()
    lines = [
        f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}",
        f"Content-Type: {outgoing.media}",
        *length,
        f"X-Request-Id: {request_id}",
        "Cache-Control: no-store",
    ]
    lines += [f"{name}: {value}" for name, value in outgoing.headers.items()]
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
