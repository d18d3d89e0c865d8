"""Readings of metrics of predictions by day: realised from outcomes, or estimated without them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from modelyard_server.monitoring.estimate_schemas import EstimateOut, EstimatePoint
from modelyard_server.monitoring.outcome_schemas import Measure, QualityOut, QualityPoint

from .conditions import METRICS, Change, Condition, Signal, Threshold
from .readings import Reading, changed, held_to, unknown

ESTIMATED, REALISED = "estimated_", "realised_"
RIPE = 0.8  # of the outcomes that should be there by now; earlier ones are a biased part
NEWEST = {ESTIMATED: 2, REALISED: 30}
"""Days in which the newest one is looked for: rows come at once, outcomes late."""
OfMetric = Threshold | Change


@dataclass(frozen=True, slots=True)
class Day:
    """A metric of one day of predictions. `value` is `None` where nothing can be said."""

    at: dt.datetime
    n: int
    value: float | None
    reason: str = ""


def asks_metric(condition: Condition) -> bool:
    """Tell whether a condition looks at a metric of predictions."""
    return isinstance(condition, Threshold | Change) and condition.is_of_metric


def is_estimated(signal: Signal) -> bool:
    """Tell an estimate from what outcomes say."""
    return signal.startswith(ESTIMATED)


def days_of(signal: Signal, found: EstimateOut | QualityOut) -> list[Day]:
    """Give a metric day by day, oldest first."""
    name = _name(signal)
    return [_day(point, name) for point in found.points]


def read(condition: OfMetric, days: Sequence[Day]) -> Reading:
    """Judge the newest day that has enough rows; `days` end with the day that is judged at."""
    source = ESTIMATED if is_estimated(condition.signal) else REALISED
    known = [day for day in days[-NEWEST[source] :] if day.n >= condition.least_requests]
    name = f"{source.rstrip('_').capitalize()} {_name(condition.signal).replace('_', ' ')}"
    if not known:
        rows = days[-1].n if days else 0
        return unknown(f"{rows} rows; {condition.least_requests} of a day are needed.", rows)
    newest = known[-1]
    if newest.value is None:
        return unknown(newest.reason or f"{newest.at:%d %b} has no such metric.", newest.n)
    said = f"{name} {newest.value:.3g} on {newest.at:%d %b} ({newest.n} rows)"
    if isinstance(condition, Threshold):
        limit = condition.threshold
        end = condition.recover_threshold
        clear_at = limit if end is None else end
    else:
        usual, against = _before(condition, days, newest)
        if not usual:
            return unknown(f"Too few rows to compare with {against}.", newest.n)
        limit, clear_at = changed(condition, usual)
        said += f"; {usual:.3g} {against}"
    text = f"{said}; the limit is {condition.direction} {limit:.3g}."
    return held_to(condition.direction, newest.value, limit, clear_at, newest.n, text)


def _before(condition: Change, days: Sequence[Day], newest: Day) -> tuple[float | None, str]:
    back, against = {
        "previous": ((1, 1), "the day before"),
        "last_week": ((7, 7), "the same day last week"),
        "baseline": ((1, 7), "on the seven days before"),
    }[condition.against]
    known = [
        (day.value, day.n)
        for day in days
        if day.value is not None
        and day.n >= condition.least_requests
        and back[0] <= (newest.at - day.at).days <= back[1]
    ]
    rows = sum(n for _, n in known)
    return (sum(value * n for value, n in known) / rows if rows else None), against


def _day(point: EstimatePoint | QualityPoint, name: str) -> Day:
    if isinstance(point, EstimatePoint) and point.is_outside:
        reason = f"The rows of {point.at:%d %b} look like nothing the estimate was learned from."
        return Day(point.at, point.n, None, reason)
    if isinstance(point, QualityPoint) and _is_unripe(point.maturity):
        return Day(point.at, 0, None)
    return Day(point.at, point.n, _value(point.measures, name))


def _is_unripe(maturity: float | None) -> bool:
    return maturity is not None and maturity < RIPE


def _value(measures: Sequence[Measure], name: str) -> float | None:
    return next((one.value for one in measures if one.name == name), None)


def _name(signal: Signal) -> str:
    assert signal in METRICS  # noqa: S101 - who calls has asked
    return signal.removeprefix(ESTIMATED).removeprefix(REALISED)
