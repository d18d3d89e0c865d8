"""How live rows differ from the baseline: column by column, and together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["ok", "drifting", "not_enough_data", "no_reference"]


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column against its baseline; `score` is the effect net of sampling noise."""

    feature: str
    role: str
    status: str
    score: float | None
    is_confirmed: bool
    explain: str


@dataclass(frozen=True, slots=True)
class Drift:
    """The live version's columns over a window, drifting ones first."""

    verdict: Verdict
    reason: str
    is_confirmed: bool
    quality: str
    quality_reason: str
    rows: int
    features: tuple[ColumnDrift, ...]

    @classmethod
    def read(cls, item: dict[str, Any]) -> Drift:
        """Read the server's answer."""
        names = ColumnDrift.__slots__
        return cls(
            item["verdict"],
            item["verdict_reason"],
            item["is_confirmed"],
            item["quality"],
            item["quality_reason"],
            item["rows"],
            tuple(ColumnDrift(**{n: one[n] for n in names}) for one in item["features"]),
        )


@dataclass(frozen=True, slots=True)
class PairDrift:
    """Two inputs and their rank correlation in baseline and window."""

    first: str
    second: str
    reference: float
    current: float
    is_drifting: bool


@dataclass(frozen=True, slots=True)
class JointDrift:
    """The inputs over a window together; `error`: mean reconstruction error with its band."""

    verdict: Verdict
    reason: str
    is_confirmed: bool
    rows: int
    error: float | None
    low: float | None
    high: float | None
    pairs: tuple[PairDrift, ...]

    @classmethod
    def read(cls, item: dict[str, Any]) -> JointDrift:
        """Read the server's answer."""
        error = item["error"] or {}
        names = PairDrift.__slots__
        return cls(
            item["verdict"],
            item["verdict_reason"],
            item["is_confirmed"],
            item["rows"],
            error.get("value"),
            error.get("low"),
            error.get("high"),
            tuple(PairDrift(**{n: one[n] for n in names}) for one in item["pairs"]),
        )
