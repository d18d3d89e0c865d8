"""The middle of a model server: decode, batch, predict, time, encode."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from modelyard_protocol.answers import encode
from modelyard_protocol.inference import InvalidRows, Request, read_request
from modelyard_protocol.records import Skin

from .comparing import equal
from .loading import Loaded
from .model import Model

MAX_BATCH_ROWS = 1024  # enough to pay per-call overhead once; more only delays the first answer
SLOW_MS = 2.0  # predictions slower than this leave the event loop for a thread


@dataclass(slots=True)
class Call:
    """One call as the node forwarded it."""

    number: int
    meta: dict[str, Any]
    body: bytes


Answer = tuple[int, int, int, bytes]
"""(call number, status, time inside predict in µs, body)"""


class Engine:
    """Answers calls with one loaded model; batches those that wait when that changes nothing."""

    talks = False

    def __init__(self, loaded: Loaded) -> None:
        self._model = loaded.model
        self._signature = loaded.directory.package.signature
        self.batches = loaded.example is not None and is_row_wise(loaded.model, loaded.example)
        self.is_slow = loaded.predict_ms > SLOW_MS or loaded.example is None

    def answer(self, calls: list[Call]) -> list[Answer]:
        """Answer every call; a call that fails never takes another with it."""
        answers: list[Answer] = []
        waiting: list[tuple[Call, Request]] = []
        for call in calls:
            try:
                waiting.append((call, self._decode(call)))
            except InvalidRows as wrong:
                answers.append((call.number, 422, 0, _invalid(wrong)))
        for group in self._groups(waiting):
            answers += self._predict(group)
        return answers

    def _decode(self, call: Call) -> Request:
        meta = call.meta
        skin = Skin(meta["skin"])
        return read_request(skin, meta["type"], call.body, self._signature, meta["max_rows"])

    def _groups(self, waiting: list[tuple[Call, Request]]) -> list[list[tuple[Call, Request]]]:
        groups: list[list[tuple[Call, Request]]] = []
        rows = 0
        for call, request in waiting:
            joins = self.batches and bool(groups) and rows + request.rows <= MAX_BATCH_ROWS
            if joins and _alike(groups[-1][0][1], request):
                groups[-1].append((call, request))
                rows += request.rows
            else:
                groups.append([(call, request)])
                rows = request.rows
        return groups

    def _predict(self, group: list[tuple[Call, Request]]) -> list[Answer]:
        if len(group) > 1:
            try:
                return self._together(group)
            except Exception:
                return [answer for one in group for answer in self._predict([one])]
        call, request = group[0]
        started = time.perf_counter_ns()
        try:
            predictions = self._model.predict(request)
        except Exception as error:
            traceback.print_exc()
            return [(call.number, 500, _since(started), _failed(error))]
        return [self._encoded(call, request, predictions, _since(started))]

    def _together(self, group: list[tuple[Call, Request]]) -> list[Answer]:
        started = time.perf_counter_ns()
        predictions = self._model.predict(joined([request for _, request in group]))
        elapsed = _since(started)
        answers, offset = [], 0
        for call, request in group:
            part = predictions[offset : offset + request.rows]
            answers.append(self._encoded(call, request, part, elapsed))
            offset += request.rows
        return answers

    def _encoded(self, call: Call, request: Request, predictions: list[Any], us: int) -> Answer:
        meta = call.meta
        body = encode(
            Skin(meta["skin"]),
            predictions,
            prediction_id=meta["id"],
            model=meta["model"],
            version=meta["version"],
            signature=self._signature,
            request_id=request.id,
        )
        return call.number, 200, us, body


def is_row_wise(model: Model, example: Request) -> bool:
    """Tell whether a batch gets the same answers as its rows one by one.

    A pyfunc may look across rows; one example row cannot show that, so it is then not batched.
    """
    if example.params:
        return False
    if example.rows == 1 and model.engine == "python":
        return False
    rows = [_row(example, at) for at in range(min(example.rows, 8))]
    rows = rows * 2 if len(rows) == 1 else rows
    try:
        single = [model.predict(row)[0] for row in rows]
        return equal(model.predict(joined(rows)), single)
    except Exception:
        return False


def joined(requests: list[Request]) -> Request:
    """Put the rows of requests with the same columns under each other."""
    first = requests[0]
    columns = {
        name: list(chain.from_iterable(request.columns[name] for request in requests))
        for name in first.columns
    }
    return Request(columns, sum(request.rows for request in requests), first.named)


def _row(request: Request, at: int) -> Request:
    columns = {name: [values[at]] for name, values in request.columns.items()}
    return Request(columns, 1, request.named)


def _alike(left: Request, right: Request) -> bool:
    same = left.named == right.named and left.columns.keys() == right.columns.keys()
    return same and not left.params and not right.params


def _since(started: int) -> int:
    return (time.perf_counter_ns() - started) // 1000


def _invalid(wrong: InvalidRows) -> bytes:
    return orjson.dumps(
        {
            "code": "inference.invalid_rows",
            "detail": f"The input does not fit the model: {wrong}.",
            "fields": [problem.as_field() for problem in wrong.problems],
        }
    )


def _failed(error: Exception) -> bytes:
    text = f"{type(error).__name__}: {error}"[:500]
    return orjson.dumps(
        {"code": "inference.model_failed", "detail": f"The model raised an error: {text}"}
    )
