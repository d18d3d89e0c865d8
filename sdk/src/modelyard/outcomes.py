"""What really came of predictions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

OutcomeValue = str | int | float | bool | Sequence[str | int] | Mapping[str, float]
"""A class, a number, or of a ranking the relevant items or the gain of each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The real value of one predicted row. `row`: which row of the call, from 0."""

    prediction_id: str
    value: OutcomeValue
    at: dt.datetime | None = None
    """When it was observed; naive times are local. Default: when the server receives it."""
    row: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give the wire shape."""
        at = self.at.astimezone().isoformat() if self.at is not None else None
        return {
            "prediction_id": self.prediction_id,
            "value": _plain(self.value),
            "at": at,
            "row": self.row,
        }


def _plain(value: OutcomeValue) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value if isinstance(value, str | int | float) else list(value)


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """What became of outcomes that were sent; `late` ones are among matched and corrected."""

    received: int = 0
    matched: int = 0
    waiting: int = 0
    """Their prediction is not known yet; it has 24 hours to appear."""
    duplicates: int = 0
    corrected: int = 0
    rejected: int = 0
    late: int = 0
    problems: tuple[str, ...] = ()
    """Why the first rejected ones were."""

    @classmethod
    def of_pull(cls, counts: dict[str, Any]) -> OutcomeCounts:
        """Read what came of a pull; its problems are texts."""
        counted = {one.name: counts[one.name] for one in fields(cls) if one.name != "problems"}
        return cls(**counted, problems=tuple(counts["problems"]))

    def plus(self, answer: dict[str, Any]) -> OutcomeCounts:
        """Add the answer to one more request; its problems are counted from the first outcome."""
        counted = {
            one.name: getattr(self, one.name) + answer[one.name]
            for one in fields(self)
            if one.name != "problems"
        }
        new = [f"outcome {self.received + p['index']}: {p['problem']}" for p in answer["problems"]]
        return OutcomeCounts(**counted, problems=(*self.problems, *new))
