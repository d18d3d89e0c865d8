"""Scores one part: wrong rows are found and left out, all others get their prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .reading import Row

TOO_MANY = 20  # problems named in one answer: there may be more behind them


@dataclass(frozen=True, slots=True)
class Answered:
    """Predictions of rows, in their order."""

    prediction_id: str
    version: int
    predictions: list[Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why rows got none; `named` maps places in the call to (column, problem)."""

    detail: str
    named: dict[int, tuple[str | None, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with its prediction."""

    row: Row
    prediction_id: str
    place: int
    version: int
    prediction: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A row without one."""

    row: Row
    column: str | None
    problem: str


Send = Callable[[list[Row]], Answered | Refused]


def score(rows: list[Row], send: Send) -> tuple[list[Scored], list[Failed]]:
    """Score rows; each is in exactly one of the lists, in the file's order.

    A refusal that names rows costs those only; one that names none is halved until it does.
    """
    scored: list[Scored] = []
    failed = [Failed(row, row.column, row.problem) for row in rows if row.problem is not None]
    sound = [row for row in rows if row.problem is None]
    waiting = [sound] if sound else []
    while waiting:
        part = waiting.pop()
        answer = send(part)
        if isinstance(answer, Answered):
            pairs = zip(part, answer.predictions, strict=True)
            scored += [
                Scored(row, answer.prediction_id, place, answer.version, prediction)
                for place, (row, prediction) in enumerate(pairs)
            ]
            continue
        named = {at: why for at, why in answer.named.items() if 0 <= at < len(part)}
        failed += [Failed(part[at], column, why) for at, (column, why) in named.items()]
        rest = [row for at, row in enumerate(part) if at not in named]
        if named and len(answer.named) < TOO_MANY:
            waiting += [rest] if rest else []
        elif len(rest) > 1:
            waiting += [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
        elif rest and named:
            waiting.append(rest)
        else:
            failed += [Failed(row, None, answer.detail) for row in rest]
    scored.sort(key=lambda one: one.row.number)
    failed.sort(key=lambda one: one.row.number)
    return scored, failed
