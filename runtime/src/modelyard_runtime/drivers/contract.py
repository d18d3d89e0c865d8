"""What the supervisor asks of every driver."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from modelyard_protocol.routing import ServerSpec
from modelyard_runtime.logs import ServerLog

OnWord = Callable[[], None]
"""Called when a run has said something: look at `hello` and `error` again."""


class CannotStart(RuntimeError):
    """A run could not be begun; the text is for people."""


@dataclass(frozen=True, slots=True)
class Home:
    """What a run may use of the node's folder."""

    scratch: Path
    """Empty, removed when the run has ended."""
    log: ServerLog
    """Everything the model server prints goes here, as it is printed."""
    on_word: OnWord


class Run(Protocol):
    """One run of one model server, from being asked for to having ended."""

    @property
    def pid(self) -> int | None:
        """Process id on this machine, as long as it has one."""
        ...

    @property
    def walls(self) -> str:
        """Name of what stands around the model's code."""
        ...

    @property
    def has_begun(self) -> bool:
        """False while it waits for something that is not the model's loading."""
        ...

    @property
    def waits_for(self) -> str | None:
        """What is being done until it says hello, in words; `None`: nothing to say."""
        ...

    @property
    def has_ended(self) -> bool:
        """Nothing of it runs any more."""
        ...

    @property
    def hello(self) -> dict[str, Any] | None:
        """What it said once it had predicted the input example; `None` before."""
        ...

    @property
    def error(self) -> str | None:
        """What it said is wrong with its model."""
        ...

    @property
    def has_hung_up(self) -> bool:
        """It has closed its connection with the node: after `drain`, every call is answered."""
        ...

    def connect(self) -> socket.socket:
        """Give a connected socket on which a gateway worker can send calls; the caller closes it.

        Only after `hello`. Raises OSError when the server is not reachable any more.
        """
        ...

    def drain(self) -> None:
        """Ask it to answer what is open and to leave."""
        ...

    def hang_up(self) -> None:
        """Close the connection with it."""
        ...

    def kill(self) -> None:
        """End it at once; `has_ended` follows."""
        ...

    def bury(self) -> str:
        """Release everything it held; give why it ended, in words for its owner. Once, at the end.

        What the model itself had said before it died is in `error` afterwards.
        """
        ...


class Driver(Protocol):
    """A way to run model servers."""

    async def begin(self, spec: ServerSpec, home: Home) -> Run:
        """Begin a run, or take over the one of this spec that outlived the last node.

        Raises:
            CannotStart: it could not be begun; nothing is left behind.
        """
        ...

    def follow(self, specs: Collection[ServerSpec]) -> None:
        """Know the servers that are wanted of it, each time they may have changed."""
        ...

    def replicas(self, server_id: str) -> int | None:
        """Give how many processes a version has where not the node decides about that."""
        ...

    async def clean_up(self, wanted: Collection[str]) -> None:
        """Remove what earlier nodes have left, besides runs of the servers that are wanted."""
        ...

    async def close(self) -> None:
        """Release what the driver itself holds. Runs have ended before."""
        ...


class NodeDecides:
    """What a driver says that leaves the number of processes to the node."""

    def follow(self, specs: Collection[ServerSpec]) -> None:
        """Do nothing: it hears of each server by itself."""

    def replicas(self, server_id: str) -> int | None:
        """Leave it to the node."""
        del server_id
        return None


class Missing(NodeDecides):
    """Stands for a driver that this node does not have."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def begin(self, spec: ServerSpec, home: Home) -> Run:
        """Refuse."""
        del spec, home
        raise CannotStart(f"The node of this machine was started without the {self._name} driver.")

    async def clean_up(self, wanted: Collection[str]) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""
