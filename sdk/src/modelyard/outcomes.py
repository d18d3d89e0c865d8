"""What really came of predictions."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

OutcomeValue = str | int | float | bool | Sequence[str | int] | Mapping[str, float]
"""A class, a number, or of a ranking the relevant items or the gain of each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The real value of one predicted row. `row`: which row of the call, from 0.

    Without a `prediction_id`, `entity` names whom the row was about, by the value of the entity
    column of capture: the latest such row up to `at` is meant, made no earlier than `since`.
    """

    prediction_id: str | None
    value: OutcomeValue
    at: dt.datetime | None = None
    """When it was observed; naive times are local. Default: when the server receives it."""
    row: int = 0
    entity: str | int | float | bool | None = None
    since: dt.datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the wire shape."""
        own: dict[str, Any] = {"value": _plain(self.value), "at": _instant(self.at)}
        if self.entity is None:
            return {"prediction_id": self.prediction_id, **own, "row": self.row}
        return {"entity": self.entity, **own, "since": _instant(self.since)}


def _instant(at: dt.datetime | None) -> str | None:
    return at.astimezone().isoformat() if at is not None else None


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
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Why outcomes of entities found no prediction; those of `same_moment` are rejected."""
    problems: tuple[str, ...] = ()
    """Why the first rejected ones were, and those of entities wait."""

    @classmethod
    def of_pull(cls, counts: dict[str, Any]) -> OutcomeCounts:
        """Read what came of a pull; its problems are texts."""
        counted = {name: counts[name] for name in _COUNTED}
        reasons = counts.get("reasons", {})
        return cls(**counted, reasons=reasons, problems=tuple(counts["problems"]))

    def plus(self, answer: dict[str, Any]) -> OutcomeCounts:
        """Add the answer to one more request; its problems are counted from the first outcome."""
        counted = {name: getattr(self, name) + answer[name] for name in _COUNTED}
        reasons = dict(Counter(self.reasons) + Counter(answer.get("reasons", {})))
        new = [f"outcome {self.received + p['index']}: {p['problem']}" for p in answer["problems"]]
        return OutcomeCounts(**counted, reasons=reasons, problems=(*self.problems, *new))


_COUNTED = [one.name for one in fields(OutcomeCounts) if one.name not in {"reasons", "problems"}]
