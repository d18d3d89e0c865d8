"""The node's conversation with a model server that shares its kernel."""

from __future__ import annotations

import os
import socket
from typing import Any

import orjson

from modelyard_runtime.channel import Channel
from modelyard_runtime.wire import Kind

from .contract import OnWord


class Talk:
    """Listens to a model server on one socket, and hands it connections of gateway workers."""

    def __init__(self, on_word: OnWord) -> None:
        self._on_word = on_word
        self._channel: Channel | None = None
        self.hello: dict[str, Any] | None = None
        self.error: str | None = None

    @property
    def has_hung_up(self) -> bool:
        """There is no connection, or none any more."""
        return self._channel is None or self._channel.is_closed

    def begin(self, connection: socket.socket) -> None:
        """Listen on a connected socket."""
        self.hello = None
        self._channel = Channel(connection, self._told, lambda: None)

    def connect(self) -> socket.socket:
        """Hand the server one end of a new connection and give the other."""
        if self._channel is None:
            raise ConnectionError("The model server has not connected.")
        ours, theirs = socket.socketpair()
        with theirs:
            self._channel.send(Kind.attach, b"{}", theirs.fileno())
        return ours

    def drain(self) -> None:
        """Ask it to answer what is open and to leave."""
        if self._channel is not None:
            self._channel.send(Kind.drain)

    def hang_up(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()

    def bury(self) -> None:
        """Read what it said before it died, then close."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.drain()
            channel.close()

    def _told(self, kind: Kind, payload: bytes, descriptor: int) -> None:
        if descriptor >= 0:  # a model server has none to give
            os.close(descriptor)
        try:
            told = orjson.loads(payload)
            if kind is Kind.failed:
                self.error = str(told["error"])
            elif kind is Kind.hello and self.hello is None:
                self.hello = dict(told)
        except (ValueError, KeyError, TypeError) as error:  # model code wrote into the socket
            self.error = f"The model server broke the protocol: {error}"
            self.hang_up()
        self._on_word()
