"""Copies of answered calls, sent to a shadow revision: off the callers' path, dropped first.

A copy is made after the caller has its answer. It waits in a bounded queue, few are open at once,
and what does not fit is thrown away and counted, so a shadow that is slow, fails or hangs costs
live calls nothing but its share of the processor.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from modelyard_protocol.answers import decode_predictions
from modelyard_protocol.records import MAX_BODY_BYTES, frame, latency_bucket
from modelyard_protocol.routing import Shadow
from modelyard_runtime.comparing import equal

from .admission import Admitted
from .backends import Backend
from .servers import Servers

MAX_QUEUED = 256  # copies that wait
MAX_QUEUED_BYTES = 16 * 1024 * 1024
MAX_OPEN = 2  # copies a model server works on
TICK_SECONDS = 0.002
GRAPH_CALLS = 4  # copies a graph answers in one go: about 0.1 ms in which no caller is served
SAMPLES_PER_SECOND = 50  # copies written down with their rows; counts are complete
SAMPLE_ROWS = 5
_TURN = 0.6180339887498949


class Copy(NamedTuple):
    """A call that was answered, to be asked once more."""

    admitted: Admitted
    shadow: Shadow
    prediction_id: str
    body: bytes
    predictions: list[Any] | None
    """What the caller was told; `None`: to be read from `response`."""
    response: bytes
    live_us: int


Answer = tuple[int, int, bytes, list[Any] | None]
"""(status, time inside predict in µs, body, predictions where they are known)"""
Send = Callable[[bytes], None]
Later = Callable[[float, Callable[[], None]], Any]
_Key = tuple[int, str, int, int]
_SILENT = {503: "503: The model server died.", 504: "504: It did not answer in time."}


class _Line:
    """The copies that wait for one shadow."""

    __slots__ = ("bytes", "open", "queue", "share")

    def __init__(self) -> None:
        self.queue: deque[Copy] = deque()
        self.bytes = self.open = 0
        self.share = 0.0

    def take(self) -> Copy:
        copy = self.queue.popleft()
        self.bytes -= len(copy.body)
        return copy


class Mirror:
    """All copies of one worker."""

    def __init__(
        self, servers: Servers, send_counts: Send, send_sample: Send, later: Later
    ) -> None:
        self._servers = servers
        self._send_counts, self._send_sample, self._later = send_counts, send_sample, later
        self._lines: dict[str, _Line] = {}
        self._is_ticking = False
        self._second, self._sampled = 0, 0
        self._counts: dict[_Key, dict[str, Any]] = {}

    def offer(self, copy: Copy) -> None:
        """Take a copy of a call that was answered, if it is one of the share that is copied."""
        server_id = copy.shadow.target.server_id
        line = self._lines.get(server_id)
        if line is None:
            line = self._lines[server_id] = _Line()
        line.share = (line.share + _TURN) % 1.0
        if line.share * 100 >= copy.shadow.percent or copy.admitted.source is not None:
            return
        too_many = len(line.queue) >= MAX_QUEUED
        if too_many or line.bytes + len(copy.body) > MAX_QUEUED_BYTES:
            self._slot(copy)["dropped"] += 1
            return
        line.queue.append(copy)
        line.bytes += len(copy.body)
        self._tick_later()

    def _tick_later(self) -> None:
        if not self._is_ticking:
            self._is_ticking = True
            self._later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._is_ticking = False
        for server_id, line in list(self._lines.items()):
            for _ in range(GRAPH_CALLS):
                if not line.queue or not self._begin_next(server_id, line):
                    break
            if self._servers.find(server_id) is None:
                del self._lines[server_id]  # copies for a shadow that is gone are nobody's loss
        if any(line.queue for line in self._lines.values()):
            self._tick_later()

    def _begin_next(self, server_id: str, line: _Line) -> bool:
        served = self._servers.find(server_id)
        graph = served.lane if served is not None else None
        backend = served.backend if served is not None else None
        if graph is not None and not graph.is_slow:
            copy = line.take()
            status, model_us, predictions = graph.ask(copy.admitted, copy.body)
            self.close(copy, (status, model_us, b"", predictions))
            return True
        if backend is None or line.open >= MAX_OPEN or backend.is_full:
            return False
        _Open(self, line, line.take(), backend).send()
        return True

    def close(self, copy: Copy, answer: Answer) -> None:
        """Count and compare a copy that was answered, or never will be."""
        status, model_us, body, predictions = answer
        slot = self._slot(copy)
        slot["calls"] += 1
        differs: list[bool] = []
        if status == 200:
            predictions = _read(copy, body) if predictions is None else predictions
            differs = _compared(copy, predictions)
            slot["rows"] += len(differs)
            slot["differing"] += sum(differs)
            _count(slot["model_us"], model_us)
            _count(slot["live_model_us"], copy.live_us)
        else:
            slot["failed"] += 1
        self._sample(copy, status, body, predictions, differs)

    def _sample(
        self,
        copy: Copy,
        status: int,
        body: bytes,
        predictions: list[Any] | None,
        differs: list[bool],
    ) -> None:
        now = int(time.time())
        if now != self._second:
            self._second, self._sampled = now, 0
        if self._sampled >= SAMPLES_PER_SECOND:
            return
        self._sampled += 1
        admitted, target = copy.admitted, copy.shadow.target
        entry = {
            "kind": "shadowed",
            "id": copy.prediction_id,
            "at_us": time.time_ns() // 1000,
            "workspace_id": admitted.route.workspace_id,
            "deployment_id": admitted.route.deployment_id,
            "revision": target.revision,
            "version": target.version,
            "skin": admitted.skin.value,
            "content_type": admitted.media,
            "request": _text(copy.body),
            "response": _text(copy.response),
            "predictions": predictions[:SAMPLE_ROWS] if predictions is not None else None,
            "differs": differs[:SAMPLE_ROWS],
            "error": None if status == 200 else _error(status, body),
        }
        self._send_sample(frame(orjson.dumps(entry)))

    def _slot(self, copy: Copy) -> dict[str, Any]:
        route, target = copy.admitted.route, copy.shadow.target
        key = (route.workspace_id, route.deployment_id, target.revision, target.version)
        found = self._counts.get(key)
        if found is None:
            if not self._counts:
                self._later(1.0, self.flush)
            found = self._counts[key] = dict.fromkeys(
                ("calls", "failed", "dropped", "rows", "differing"), 0
            )
            found["model_us"], found["live_model_us"] = {}, {}
        return found

    def flush(self) -> None:
        """Hand the counts over."""
        counts, self._counts = self._counts, {}
        at = int(time.time())
        for (workspace_id, deployment_id, revision, version), slot in counts.items():
            entry = {
                "kind": "mirrored",
                "workspace_id": workspace_id,
                "deployment_id": deployment_id,
                "revision": revision,
                "version": version,
                "at": at,
                **slot,
            }
            self._send_counts(frame(orjson.dumps(entry, option=orjson.OPT_NON_STR_KEYS)))


class _Open:
    """A copy on its way through a model server."""

    def __init__(self, mirror: Mirror, line: _Line, copy: Copy, backend: Backend) -> None:
        self._mirror, self._line, self._copy, self._backend = mirror, line, copy, backend
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0

    def send(self) -> None:
        admitted, target = self._copy.admitted, self._copy.shadow.target
        meta = {
            "skin": admitted.skin.value,
            "type": admitted.media,
            "id": self._copy.prediction_id,
            "model": admitted.model,
            "version": target.version,
            "max_rows": admitted.route.max_rows,
        }
        self._line.open += 1
        self._number = self._backend.predict(meta, self._copy.body, self._answered)
        seconds = admitted.route.timeout_seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self._timed_out)

    def _answered(self, status: int, model_us: int, body: bytes) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._close((status or 503, model_us, body, None))

    def _close(self, answer: Answer) -> None:
        self._line.open -= 1
        self._mirror.close(self._copy, answer)

    def _timed_out(self) -> None:
        self._backend.abandon(self._number)
        self._close((504, 0, b"", None))


def _read(copy: Copy, body: bytes) -> list[Any]:
    try:
        return decode_predictions(copy.admitted.skin, body)
    except ValueError:
        return []


def _compared(copy: Copy, predictions: list[Any]) -> list[bool]:
    """Tell of each prediction whether it differs; of another number of them, that all do."""
    live = copy.predictions
    live = _read(copy, copy.response) if live is None else live
    if len(live) != len(predictions):
        return [True] * max(1, len(live))
    tolerance = copy.shadow.tolerance
    return [not equal(one, two, tolerance) for one, two in zip(live, predictions, strict=True)]


def _error(status: int, body: bytes) -> str:
    try:
        return f"{status}: {orjson.loads(body)['detail']}"[:500]
    except (ValueError, KeyError, TypeError):
        return _SILENT.get(status, str(status))


def _count(latencies: dict[int, int], us: int) -> None:
    index = latency_bucket(us)
    latencies[index] = latencies.get(index, 0) + 1


def _text(body: bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
