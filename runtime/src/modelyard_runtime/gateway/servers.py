"""The revisions a worker can reach: by a connection, by a compiled graph, or by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelyard_runtime.wire import base_of

from .backends import Backend

if TYPE_CHECKING:
    from modelyard_runtime.fast.lane import Lane


class Served:
    """One version as a worker sees it: a compiled graph, connections to its processes, or both."""

    __slots__ = ("backends", "calls", "id", "is_ready", "lane")

    def __init__(self, server_id: str) -> None:
        self.id = server_id
        self.backends: dict[str, Backend] = {}
        """By the process's id."""
        self.lane: Lane | None = None
        self.calls = 0
        """Chosen for so many calls."""
        self.is_ready = False
        """A call would be answered."""

    @property
    def backend(self) -> Backend | None:
        """The connection to the process with the fewest open calls."""
        if len(self.backends) <= 1:
            return next(iter(self.backends.values()), None)
        return min(self.backends.values(), key=_waiting)

    @property
    def waiting(self) -> int:
        """Calls sent to its processes and not answered."""
        return sum(backend.waiting for backend in self.backends.values())

    @property
    def is_full(self) -> bool:
        """It should get no further call now."""
        if self.lane is not None:
            return self.lane.is_full
        backend = self.backend
        return backend is not None and backend.is_full

    def changed(self) -> None:
        """Judge anew whether it can answer."""
        self.is_ready = self.lane is not None or bool(self.backends)


class Servers:
    """All of them, by id."""

    def __init__(self) -> None:
        self._served: dict[str, Served] = {}
        self._retiring: set[Backend] = set()
        self.on_ready: Callable[[str], None] = _nobody
        """Told which version can answer from now on."""

    def find(self, server_id: str) -> Served | None:
        """Give what answers for a revision."""
        return self._served.get(server_id)

    def connection(self, process_id: str) -> Backend:
        """Give the protocol of a new connection to a process; `attach` it once it is up."""
        served = self._of(base_of(process_id))
        return Backend(lambda gone: self._lost(served, process_id, gone))

    def attach(self, process_id: str, backend: Backend) -> None:
        """Send calls over a connection from now on."""
        served = self._of(base_of(process_id))
        self._retire(served, process_id)
        if not backend.is_closed:
            served.backends[process_id] = backend
        served.changed()
        self.on_ready(served.id)

    def detach(self, process_id: str) -> None:
        """Send no more calls to a process, and hang up once it owes nobody an answer."""
        served = self._served.get(base_of(process_id))
        if served is not None:
            self._retire(served, process_id)
            self.sweep()

    def use_graph(self, server_id: str, lane: Lane) -> None:
        """Answer with a compiled graph from now on."""
        served = self._of(server_id)
        served.lane = lane
        served.changed()
        self.on_ready(server_id)

    def drop_graph(self, server_id: str) -> None:
        """Answer with the model server from now on."""
        served = self._served.get(server_id)
        if served is not None:
            served.lane = None
            served.changed()

    def keep(self, wanted: set[str]) -> None:
        """Let go of all others once their calls are answered."""
        for server_id, served in list(self._served.items()):
            is_wanted = server_id in wanted
            for process_id in [name for name in served.backends if name not in wanted]:
                self._retire(served, process_id)
            if not is_wanted:
                del self._served[server_id]
                served.lane = None
                served.changed()
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

    def _retire(self, served: Served, process_id: str) -> None:
        backend = served.backends.pop(process_id, None)
        if backend is not None and not backend.is_closed:
            self._retiring.add(backend)
        served.changed()

    def _lost(self, served: Served, process_id: str, backend: Backend) -> None:
        self._retiring.discard(backend)
        if served.backends.get(process_id) is backend:
            del served.backends[process_id]
            served.changed()


def _waiting(backend: Backend) -> int:
    return backend.waiting


def _nobody(server_id: str) -> None:
    del server_id
