"""One compiled version in a worker: takes what waits, predicts it at once, answers each caller.

A call is appended to a list and one `call_soon` is scheduled: everything that the same turn of the
event loop reads is predicted together. There is no timer, so a lone call waits for nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, NamedTuple, Protocol

from modelyard_protocol.inference import InvalidRows, Request, read_request
from modelyard_protocol.package import Signature
from modelyard_protocol.routing import Compiled, Target
from modelyard_protocol.safeguards import Guard, Held
from modelyard_runtime.gateway.admission import Admitted
from modelyard_runtime.gateway.polling import Polling
from modelyard_runtime.gateway.recorder import Noted, Recorder
from modelyard_runtime.gateway.refusals import Outgoing, Refusal
from modelyard_runtime.gateway.safeguarding import HEADER

from . import arrays, typed
from .faces import Face
from .matrices import Flat
from .sessions import Graph

MAX_BATCH_ROWS = 1024  # more only delays the first answer
MAX_WAITING = 8192  # calls; only a slow graph ever has so many
_SALT = f"{random.getrandbits(32):08x}".encode()  # of this process, in every id it makes


class Sink(Protocol):
    """A caller's connection."""

    @property
    def is_plain(self) -> bool:
        """It stays open and takes a whole response as bytes."""
        ...

    def reply(self, data: bytes) -> None:
        """Write a response."""
        ...

    def respond(self, outgoing: Outgoing) -> None:
        """Write an answer that is not bytes yet."""
        ...

    def when_gone(self, leave: Callable[[], None] | None) -> None:
        """Be told once when the caller hangs up before it has its answer."""
        ...

    def begin(self, outgoing: Outgoing) -> None:
        """Write the head of an answer that comes in parts."""
        ...

    def part(self, data: bytes) -> None:
        """Write a part."""
        ...

    def end(self) -> None:
        """Write the end of an answer in parts."""
        ...


class Item(NamedTuple):
    """One call that waits."""

    admitted: Admitted
    target: Target
    body: bytes
    started_ns: int
    sink: Sink


class Host(Protocol):
    """What a lane needs of its worker."""

    recorder: Recorder
    polling: Polling

    def finished(self, count: int) -> None:
        """So many calls were answered."""
        ...

    def refuse(self, item: Item, refusal: Refusal) -> None:
        """Answer a call with a refusal."""
        ...

    def guarded(self, item: Item, name: str, predictions: list[Any]) -> Held | None:
        """Hold the route's safeguards against a call; one that is refused is answered there."""
        ...

    def answered(
        self, item: Item, name: str, predictions: list[Any] | None, body: bytes, model_us: int
    ) -> None:
        """A call of a route that has a shadow was answered."""
        ...

    def natively(self, server_id: str, item: Item) -> bool:
        """Have the original answer a call; False when it cannot now."""
        ...

    def compare(self, server_id: str, item: Item, predictions: list[Any]) -> bool:
        """Repeat a call on the original, off the request's path; False when it cannot now."""
        ...


class Lane:
    """Answers calls with one graph."""

    def __init__(
        self, server_id: str, compiled: Compiled, signature: Signature, graph: Graph, host: Host
    ) -> None:
        self._server_id, self._compiled, self._signature = server_id, compiled, signature
        self._graph, self._host = graph, host
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Item] = []
        self._is_scheduled = False
        self._thread = ThreadPoolExecutor(1) if compiled.is_slow else None
        self._faces: dict[tuple[int, int, str], Face] = {}
        self._count = 0
        self.to_compare = compiled.compare_calls

    @property
    def tolerance(self) -> float:
        """How far its numbers may be from the original's, relatively."""
        return self._compiled.tolerance

    @property
    def is_slow(self) -> bool:
        """A call takes so long that it is predicted in a thread."""
        return self._thread is not None

    def ask(self, admitted: Admitted, body: bytes) -> tuple[int, int, list[Any] | None]:
        """Predict one body now and tell nobody: (status, time inside predict in µs, values)."""
        try:
            request = read_request(
                admitted.skin, admitted.media, body, self._signature, admitted.route.max_rows
            )
        except InvalidRows:
            return 422, 0, None
        values, model_us = self._predicted(_Batch([], request))
        return (500, 0, None) if values is None else (200, model_us, values)

    @property
    def is_full(self) -> bool:
        """It should get no further call now."""
        return len(self._waiting) >= MAX_WAITING

    def submit(self, item: Item) -> None:
        """Take a call; it is answered exactly once."""
        self._waiting.append(item)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        items, self._waiting = self._waiting, []
        self._is_scheduled = False
        if self._thread is not None:
            self._is_scheduled = True
            self._thread.submit(self._work, items)
            return
        self._host.polling.came(len(items))
        for batch in self._batches(items):
            self._answer(batch, *self._predicted(batch))
        self._host.polling.answered()

    def _work(self, items: list[Item]) -> None:
        for batch in self._batches(items):
            predicted = self._predicted(batch)
            self._loop.call_soon_threadsafe(self._answer, batch, *predicted)
        self._loop.call_soon_threadsafe(self._worked)

    def _worked(self) -> None:
        self._is_scheduled = bool(self._waiting)
        if self._waiting:
            self._flush()

    # -- decode

    def _batches(self, items: list[Item]) -> Iterator[_Batch]:
        if self._graph.matrix is None:
            yield from self._of_requests(items)
            return
        quick: list[tuple[Item, Flat]] = []
        others: list[Item] = []
        matrix = self._graph.matrix
        for item in items:
            admitted = item.admitted
            if not admitted.is_json:
                ready = arrays.read(matrix, admitted.skin, admitted.media, item.body)
                if ready is None or len(ready[0]) > admitted.route.max_rows:
                    others.append(item)
                elif not self._goes_natively(item, len(ready[0])):
                    yield _Batch([(item, len(ready[0]), ready[1])], ready[0])
                continue
            flat = typed.read(matrix, admitted.skin, item.body) or matrix.read(
                admitted.skin, item.body
            )
            if flat is None or flat[1] > admitted.route.max_rows:
                others.append(item)
            elif not self._goes_natively(item, flat[1]):
                quick.append((item, flat))
        for part in _cut(quick):
            joined = matrix.join([flat for _, flat in part])
            if joined is None:  # one of them is not what it seemed: the full decoder names it
                others += [item for item, _ in part]
            else:
                yield _Batch([(item, flat[1], None) for item, flat in part], joined)
        if others:
            yield from self._of_requests(others)

    def _of_requests(self, items: Iterable[Item]) -> Iterator[_Batch]:
        decoded: list[tuple[Item, tuple[Request, int]]] = []
        for item in items:
            try:
                request = read_request(
                    item.admitted.skin,
                    item.admitted.media,
                    item.body,
                    self._signature,
                    item.admitted.route.max_rows,
                )
            except InvalidRows as wrong:
                self._in_loop(self._host.refuse, item, _invalid(wrong))
                continue
            if not self._goes_natively(item, request.rows):
                decoded.append((item, (request, request.rows)))
        for part in _cut(decoded):
            calls = [(item, request.rows, request.id) for item, (request, _) in part]
            yield _Batch(calls, _joined([request for _, (request, _) in part]))

    def _goes_natively(self, item: Item, rows: int) -> bool:
        limit = self._compiled.native_above
        if limit is None or rows <= limit or self._thread is not None:
            return False
        return self._host.natively(self._server_id, item)

    # -- predict and answer

    def _predicted(self, batch: _Batch) -> tuple[list[Any] | None, int]:
        started = time.perf_counter_ns()
        try:
            if isinstance(batch.rows, Request):
                values = self._graph.of_request(batch.rows)
            else:
                values = self._graph.of_matrix(batch.rows)
        except Exception:
            traceback.print_exc()
            return None, 0
        return values, (time.perf_counter_ns() - started) // 1000

    def _answer(self, batch: _Batch, values: list[Any] | None, model_us: int) -> None:
        if values is None:
            detail = "The compiled model raised an error."
            for item, _, _ in batch.calls:
                self._host.refuse(item, Refusal(500, "inference.model_failed", detail))
            return
        now_ns = time.time_ns()
        stamp = b"%012x%b" % (now_ns // 1_000_000, _SALT)
        answered: list[tuple[Item, bytes, bytes]] = []
        offset = 0
        tally = self._host.recorder.tally
        tally.add(len(batch.calls))
        for item, rows, request_id in batch.calls:
            admitted, target, _, _, sink = item
            self._count += 1
            name = b"%b%012x" % (stamp, self._count)
            part = values[offset : offset + rows]
            offset += rows
            face = self._face(target, admitted.model)
            flags: dict[str, str] | None = None
            told = part
            if admitted.guard is not None:
                kept = self._guarded(admitted.guard, item, name, part)
                if kept is None:
                    continue  # refused: answered there
                told, flags = kept
            body = face.body(admitted.skin, told, name, request_id)
            other = None
            if admitted.rewrite is not None:
                try:
                    other = admitted.rewrite(item.body, body)
                except Refusal as refusal:
                    self._host.refuse(item, refusal)
                    continue
            if other is None and sink.is_plain and flags is None:
                sink.reply(face.response(name, admitted.request_id, body))
            else:
                other = other or Outgoing(200, body)
                other.headers |= {**face.headers, **(flags or {}), "X-Prediction-Id": name.decode()}
                sink.respond(other)
            answered.append((item, name, body))
            if admitted.route.shadow is not None:
                self._host.answered(item, name.decode(), part, body, model_us)
            if self.to_compare > 0 and self._host.compare(self._server_id, item, part):
                self.to_compare -= 1
        tally.add(len(answered) - len(batch.calls))  # refusals count themselves
        self._host.finished(len(answered))
        self._note(answered, now_ns, model_us)

    def _guarded(
        self, guard: Guard, item: Item, name: bytes, part: list[Any]
    ) -> tuple[list[Any], dict[str, str] | None] | None:
        """Hold safeguards against an answer: what the caller is told, and a header about it."""
        held = self._host.guarded(item, name.decode(), part)
        if held is None:
            return part, None
        if held.refused is not None:
            return None
        return held.answers, {HEADER: held.header(guard.actions)}

    def _note(self, answered: list[tuple[Item, bytes, bytes]], now_ns: int, model_us: int) -> None:
        end_ns, now_us = time.perf_counter_ns(), now_ns // 1000
        noted: list[Noted] = []
        for (admitted, target, request, started_ns, _), name, body in answered:
            total_us = (end_ns - started_ns) // 1000
            mark = admitted.marks.get(target.revision) or admitted.mark(target)
            noted.append(
                (mark, 200, name.decode(), now_us - total_us, total_us, model_us, request, body)
            )
        self._host.recorder.note_all(noted, now_ns // 1_000_000_000)

    def _face(self, target: Target, model: str) -> Face:
        key = (target.revision, target.version, model)
        found = self._faces.get(key)
        if found is None:
            found = self._faces[key] = Face(target, model, self._signature)
        return found

    def _in_loop(self, function: Any, *arguments: Any) -> None:
        if self._thread is None:
            function(*arguments)
        else:
            self._loop.call_soon_threadsafe(function, *arguments)


class _Batch(NamedTuple):
    calls: list[tuple[Item, int, str | None]]
    """(call, rows, id the caller chose)"""
    rows: Any
    """A matrix, or a `Request`."""


def _cut(calls: list[tuple[Item, Any]]) -> Iterator[list[tuple[Item, Any]]]:
    """Cut calls into batches; `[1]` of a call's second part is its number of rows."""
    part: list[tuple[Item, Any]] = []
    held = 0
    for call in calls:
        rows = call[1][1]
        if part and held + rows > MAX_BATCH_ROWS:
            yield part
            part, held = [], 0
        part.append(call)
        held += rows
    if part:
        yield part


def _joined(requests: list[Request]) -> Request:
    first = requests[0]
    if len(requests) == 1:
        return first
    columns = {
        name: list(chain.from_iterable(request.columns[name] for request in requests))
        for name in first.columns
    }
    return Request(columns, sum(request.rows for request in requests), first.named)


def _invalid(wrong: InvalidRows) -> Refusal:
    detail = f"The input does not fit the model: {wrong}."
    fields = [problem.as_field() for problem in wrong.problems]
    return Refusal(422, "inference.invalid_rows", detail, fields=fields)
