"""Safeguards at work: held against each answer before the caller has it, and counted.

A route without safeguards costs one test of an attribute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from modelyard_protocol.answers import encode
from modelyard_protocol.inference import Columns, InvalidRows, read_request
from modelyard_protocol.records import Skin, Source, frame
from modelyard_protocol.routing import Target
from modelyard_protocol.safeguards import SHOWN_ROWS, Guard, Held, Safeguard

from .admission import Admitted
from .recorder import Revision, revision_entry
from .refusals import Refusal

HEADER = "X-Modelyard-Safeguard"
EXAMPLES = 3  # calls of each safeguard that are named, per second and worker
Send = Callable[[bytes], None]
Later = Callable[[float, Callable[[], None]], Any]


class Safeguarding:
    """Applies safeguards in one worker and tells the node how often they held."""

    def __init__(self, send_counts: Send, later: Later) -> None:
        self._send_counts, self._later = send_counts, later
        self._counts: dict[tuple[Revision, str], dict[str, Any]] = {}

    def held(
        self, admitted: Admitted, target: Target, name: str, body: bytes, answers: list[Any]
    ) -> Held | None:
        """Hold the safeguards of a route against one call; `None`: everything is as asked."""
        guard = admitted.guard
        if guard is None:
            return None
        found = guard.apply(answers, _Inputs(admitted, body))
        if found is not None and admitted.source is not Source.console:
            self._count(admitted, target, name, found, guard)
        return found

    def flush(self) -> None:
        """Hand the counts over."""
        counts, self._counts = self._counts, {}
        at = int(time.time())
        for (revision, name), slot in counts.items():
            entry = {"kind": "guarded", **revision_entry(revision), "at": at}
            self._send_counts(frame(orjson.dumps({**entry, "safeguard": name, **slot})))

    def _count(
        self, admitted: Admitted, target: Target, name: str, found: Held, guard: Guard
    ) -> None:
        route = admitted.route
        revision = (route.workspace_id, route.deployment_id, target.revision, target.version)
        for rule, rows in found.rows.items():
            slot = self._counts.get((revision, rule))
            if slot is None:
                if not self._counts:
                    self._later(1.0, self.flush)
                slot = {"action": guard.actions[rule].value, "calls": 0, "rows": 0, "examples": []}
                self._counts[revision, rule] = slot
            slot["calls"] += 1
            slot["rows"] += len(rows)
            if len(slot["examples"]) < EXAMPLES:
                slot["examples"].append([name, rows[0]])


class _Inputs:
    """Gives columns of a call; its body is only read when one is asked for."""

    __slots__ = ("_admitted", "_body", "_columns")

    def __init__(self, admitted: Admitted, body: bytes) -> None:
        self._admitted, self._body = admitted, body
        self._columns: Columns | None = None

    def __call__(self, column: str) -> Sequence[Any] | None:
        if self._columns is None:
            admitted = self._admitted
            try:
                self._columns = read_request(
                    admitted.skin,
                    admitted.media,
                    self._body,
                    admitted.route.signature,
                    admitted.route.max_rows,
                ).columns
            except InvalidRows:
                self._columns = {}
        return self._columns.get(column)


def refusal(rule: Safeguard, rows: list[int]) -> Refusal:
    """Say why a call gets no answer, row by row."""
    asked = rule.asks()
    where = f"row {rows[0]}" + (f" and {len(rows) - 1} more" if len(rows) > 1 else "")
    detail = (
        f"The answer is withheld: safeguard {rule.name!r} asks that {asked}; not so in {where}."
    )
    fields = [
        {"row": row, "column": rule.column, "problem": f"not so: {asked}"}
        for row in rows[:SHOWN_ROWS]
    ]
    return Refusal(422, "inference.safeguard", detail, fields=fields)


def answers_of(skin: Skin, document: dict[str, Any]) -> list[Any]:
    """Give the answers of a model server's document, one per row; v2's outputs as named parts."""
    if skin is not Skin.v2:
        predictions: list[Any] = document["predictions"]
        return predictions
    outputs = [(one["name"], _rows(one)) for one in document["outputs"]]
    if len(outputs) == 1:
        return outputs[0][1]
    names = [name for name, _ in outputs]
    columns = (rows for _, rows in outputs)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def rewritten(
    admitted: Admitted, target: Target, document: dict[str, Any], answers: list[Any], name: str
) -> bytes:
    """Write a document with other answers."""
    return encode(
        admitted.skin,
        answers,
        prediction_id=name,
        model=admitted.model,
        version=target.version,
        signature=admitted.route.signature,
        request_id=document.get("id"),
    )


def _rows(output: dict[str, Any]) -> list[Any]:
    data, rows = output["data"], output["shape"][0]
    if len(data) == rows or rows <= 0:
        return list(data)
    width = len(data) // rows
    return [data[at : at + width] for at in range(0, len(data), width)]
