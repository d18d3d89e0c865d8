"""A small HTTP client for the gateway of this machine: connections are kept and reused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

MAX_IDLE = 64
MAX_HEAD_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 1024 * 1024 * 1024
CONNECT_SECONDS = 2.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class GatewayGone(ConnectionError):
    """No gateway worker answers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the gateway."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Gateway:
    """Sends requests; each on a connection of its own while it lasts."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[Connection] = []

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send a request; a caller who gives up closes its connection.

        Raises:
            GatewayGone: nothing answers.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: gateway", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        while self._idle:
            connection = self._idle.pop()
            try:
                return await self._exchange(connection, head + body)
            except (OSError, EOFError):
                continue  # closed meanwhile, as idle connections are: nothing was answered
        return await self._afresh(head + body)

    def close(self) -> None:
        """Hang up."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _afresh(self, request: bytes) -> Answer:
        try:
            opening = asyncio.open_connection(self._host, self._port, limit=MAX_HEAD_BYTES)
            connection = await asyncio.wait_for(opening, CONNECT_SECONDS)
            return await self._exchange(connection, request)
        except (OSError, EOFError, TimeoutError) as error:
            raise GatewayGone("No gateway worker answers. Try again shortly.") from error

    async def _exchange(self, connection: Connection, request: bytes) -> Answer:
        reader, writer = connection
        is_whole = False
        try:
            writer.write(request)
            answer = await _read(reader)
            is_whole = answer.headers.get("connection", "").lower() != "close"
            return answer
        finally:
            if is_whole and len(self._idle) < MAX_IDLE:
                self._idle.append(connection)
            else:
                writer.close()


async def _read(reader: asyncio.StreamReader) -> Answer:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        size = int(headers.get("content-length", "0"))
        if size > MAX_ANSWER_BYTES:
            raise ConnectionError("The answer is too large.")
        return Answer(int(first.split(" ", 2)[1]), headers, await reader.readexactly(size))
    except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise ConnectionError("The gateway answered something else than HTTP.") from error
