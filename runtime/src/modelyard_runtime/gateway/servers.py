"""The revisions a worker can reach: by a connection, by a compiled graph, or by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .backends import Backend

if TYPE_CHECKING:
    from modelyard_runtime.fast.lane import Lane


class Served:
    """One revision as a worker sees it."""

    __slots__ = ("backend", "id", "is_ready", "lane")

    def __init__(self, server_id: str) -> None:
        self.id = server_id
        self.backend: Backend | None = None
        self.lane: Lane | None = None
        self.is_ready = False
        """A call would be answered."""

    @property
    def is_full(self) -> bool:
        """It should get no further call now."""
        if self.lane is not None:
            return self.lane.is_full
        return self.backend is not None and self.backend.is_full

    def changed(self) -> None:
        """Judge anew whether it can answer."""
        self.is_ready = self.lane is not None or self.backend is not None


class Servers:
    """All of them, by id."""

    def __init__(self) -> None:
        self._served: dict[str, Served] = {}
        self._retiring: set[Backend] = set()

    def find(self, server_id: str) -> Served | None:
        """Give what answers for a revision."""
        return self._served.get(server_id)

    def connection(self, server_id: str) -> Backend:
        """Give the protocol of a new connection to a model server; `attach` it once it is up."""
        served = self._of(server_id)
        return Backend(lambda gone: self._lost(served, gone))

    def attach(self, server_id: str, backend: Backend) -> None:
        """Send calls over a connection from now on."""
        served = self._of(server_id)
        self._retire(served)
        if not backend.is_closed:
            served.backend = backend
        served.changed()

    def use_graph(self, server_id: str, lane: Lane) -> None:
        """Answer with a compiled graph from now on."""
        served = self._of(server_id)
        served.lane = lane
        served.changed()

    def drop_graph(self, server_id: str) -> None:
        """Answer with the model server from now on."""
        served = self._served.get(server_id)
        if served is not None:
            served.lane = None
            served.changed()

    def keep(self, wanted: set[str]) -> None:
        """Let go of all others once their calls are answered."""
        for server_id in [name for name in self._served if name not in wanted]:
            self._retire(self._served.pop(server_id))
        self.sweep()

    def sweep(self) -> None:
        """Hang up on servers that are not wanted and owe nobody an answer."""
        for backend in [one for one in self._retiring if one.waiting == 0]:
            self._retiring.discard(backend)
            backend.close()

    def each(self, see: Callable[[Served], None]) -> None:
        """Show all of them."""
        for served in self._served.values():
            see(served)

    def _of(self, server_id: str) -> Served:
        found = self._served.get(server_id)
        if found is None:
            found = self._served[server_id] = Served(server_id)
        return found

    def _retire(self, served: Served) -> None:
        if served.backend is not None and not served.backend.is_closed:
            self._retiring.add(served.backend)
        served.backend = None
        served.lane = None if served.id not in self._served else served.lane
        served.changed()

    def _lost(self, served: Served, backend: Backend) -> None:
        self._retiring.discard(backend)
        if served.backend is backend:
            served.backend = None
            served.changed()
