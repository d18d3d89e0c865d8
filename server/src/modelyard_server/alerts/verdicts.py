"""Readings of what monitoring has judged already: drift of columns, realised quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from modelyard_server.monitoring.outcome_schemas import QualityOut, QualityPoint
from modelyard_server.monitoring.signals import Kept, Together

from .conditions import Constraints, Drift, Quality, Safeguards
from .readings import Reading, unknown
from .states import Seen

LEAST_DAYS = 3  # with enough outcomes, before a day can be worse than usual
SHOWN = 5
_LOWER_IS_BETTER = frozenset({"mae", "rmse"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column's verdict."""

    name: str
    is_prediction: bool
    is_drifting: bool
    """Its change lasts."""
    is_waiting: bool
    """It moved, and only one stretch of rows says so."""
    score: float
    is_missing: bool
    """The share of missing values changed, by more than chance and enough to matter."""
    missing_change: float


@dataclass(frozen=True, slots=True)
class Columns:
    """The verdict on all columns of a window; without `is_known` there were too few rows."""

    is_known: bool
    rows: int
    columns: Sequence[Column]


def read_drift(condition: Drift, found: Columns) -> Reading:
    """Judge columns; muted ones are left out."""
    if not found.is_known:
        return unknown("Too few rows, or no baseline, to judge the columns.", found.rows)
    kept = [column for column in found.columns if column.name not in condition.muted]
    moved = _named(condition, (c for c in kept if _is_meant(condition, c, c.is_drifting)))
    waiting = _named(condition, (c for c in kept if _is_meant(condition, c, c.is_waiting)))
    seen = Seen(is_known=True, is_breach=bool(moved), is_clear=not moved and not waiting)
    text = _sentence(condition, moved, len(kept))
    if waiting and not moved and condition.of != "missing":
        text = f"{_count(condition, waiting, 'moved')} once so far, and may stay: {_few(waiting)}."
    return Reading(seen, float(len(moved)), 1.0, found.rows, text, moved)


def _named(condition: Drift, columns: Iterable[Column]) -> tuple[str, ...]:
    ranked = sorted(columns, key=lambda column: (-_size(condition, column), column.name))
    return tuple(column.name for column in ranked)


def _is_meant(condition: Drift, column: Column, has_moved: bool) -> bool:
    match condition.of:
        case "prediction":
            return column.is_prediction and has_moved
        case "missing":
            return not column.is_prediction and column.is_missing
        case "inputs":
            return not column.is_prediction and has_moved
        case "joint":
            return False  # no column shows it alone: `read_joint`


def _size(condition: Drift, column: Column) -> float:
    if condition.of == "missing":
        return column.missing_change
    return column.score


def _sentence(condition: Drift, names: tuple[str, ...], columns: int) -> str:
    what = "another share of missing values" if condition.of == "missing" else "moved"
    if not names:
        return f"None of {columns} columns: no {_kind(condition)} columns have {what}."
    return f"{_count(condition, names, what)}: {_few(names)}."


def _kind(condition: Drift) -> str:
    return "prediction" if condition.of == "prediction" else "input"


def _count(condition: Drift, names: tuple[str, ...], what: str) -> str:
    have = "column has" if len(names) == 1 else "columns have"
    return f"{len(names)} {_kind(condition)} {have} {what}"


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def read_joint(condition: Drift, found: Sequence[Together]) -> Reading:
    """Judge inputs together: a window counts once it is confirmed."""
    known = [one for one in found if one.is_known]
    if not known:
        return unknown("Too few kept rows, or no baseline, to judge the inputs together.")
    moved = [one for one in known if one.is_confirmed and _is_left(condition, one)]
    shown = moved[0] if moved else known[-1]
    seen = Seen(is_known=True, is_breach=bool(moved), is_clear=not moved)
    names = tuple(name for name in shown.names if name not in condition.muted) if moved else ()
    return Reading(seen, shown.value, shown.limit, shown.rows, shown.reason, names)


def _is_left(condition: Drift, found: Together) -> bool:
    return found.is_out or any(name not in condition.muted for name in found.names)


def read_constraints(condition: Constraints, kept: Kept | None) -> Reading:
    """Judge what was asked of columns; muted ones are left out."""
    if kept is None:
        return unknown("Nobody has chosen constraints.")
    if not kept.rows:
        return unknown("No rows to check.")
    broken = [one for one in kept.broken if one.column not in condition.muted]
    names = tuple(dict.fromkeys(one.column for one in broken))
    seen = Seen(is_known=True, is_breach=bool(broken), is_clear=not broken)
    if broken:
        text = " ".join(one.explain for one in broken[:3])
        text += f" And {len(broken) - 3} more checks." if len(broken) > 3 else ""
    else:
        text = f"All constraints hold on {kept.rows} rows."
    return Reading(seen, float(len(names)), 1.0, kept.rows, text, names)


def read_safeguards(condition: Safeguards, held: Mapping[str, int], requests: int) -> Reading:
    """Judge the busiest safeguard by its share of the calls; muted ones are left out."""
    if requests < condition.least_requests:
        return unknown(f"{requests} calls; {condition.least_requests} are needed.", requests)
    kept = {name: calls for name, calls in held.items() if name not in condition.muted}
    over = [name for name, calls in kept.items() if calls / requests > condition.share]
    names = tuple(sorted(over, key=lambda name: (-kept[name], name)))
    worst = max(kept.values(), default=0) / requests
    seen = Seen(is_known=True, is_breach=bool(names), is_clear=not names)
    if names:
        told = ", ".join(f"{name} ({kept[name] / requests:.1%})" for name in names[:SHOWN])
        text = f"Safeguards hold against many of {requests} calls: {told}."
    else:
        text = f"Safeguards hold against at most {worst:.1%} of {requests} calls."
    return Reading(seen, worst, condition.share, requests, text, names)


def read_quality(condition: Quality, found: QualityOut) -> Reading:
    """Judge the newest day with enough outcomes against the mean of the days before."""
    days = [point for point in found.points if not point.few and point.measures]
    if len(days) <= LEAST_DAYS:
        return unknown("Too few days with enough outcomes to compare.", found.total.n)
    newest, before = days[-1], days[:-1]
    measure = newest.measures[0]
    if measure.value is None:
        return unknown("The newest day has no metric.", newest.n)
    usual = _mean(before)
    worse_up = measure.name in _LOWER_IS_BETTER
    part = condition.percent / 100
    limit = usual * (1 + part if worse_up else 1 - part)
    edge = measure.low if worse_up else measure.high
    beyond = measure.value > limit if worse_up else measure.value < limit
    by_more_than_chance = edge is not None and (edge > usual if worse_up else edge < usual)
    breach = beyond and by_more_than_chance
    text = (
        f"Realised {measure.name} {measure.value:.3g} on {newest.at:%d %b} ({newest.n} outcomes); "
        f"{usual:.3g} on the {len(before)} days before."
    )
    return Reading(Seen(True, breach, not beyond), measure.value, limit, newest.n, text)


def _mean(days: Sequence[QualityPoint]) -> float:
    pairs = [(day.measures[0].value or 0.0, day.n) for day in days]
    return sum(value * n for value, n in pairs) / sum(n for _, n in pairs)
