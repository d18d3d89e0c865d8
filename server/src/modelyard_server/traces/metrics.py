"""Statistics of traces, their spans and what was said about them: by dimension and by time."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from . import samples
from .errors import TraceRefused
from .samples import Sample

_NUMBERS = frozenset({"SUM", "AVG", "MIN", "MAX", "PERCENTILE"})
_SPREAD = _NUMBERS - {"SUM"}
_COUNT = frozenset({"COUNT"})
_TOKENS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_OF_SPANS = ("span_name", "span_type", "span_status", "span_model_name", "span_model_provider")
_SAID = ("assessment_name", "assessment_value")
Known = tuple[frozenset[str], tuple[str, ...]]
METRICS: dict[str, dict[str, Known]] = {
    "TRACES": {
        "trace_count": (_COUNT, ("trace_name", "trace_status")),
        "session_count": (_COUNT, ()),
        "latency": (_SPREAD, ("trace_name",)),
        **dict.fromkeys(_TOKENS, (_NUMBERS, ("trace_name",))),
    },
    "SPANS": {
        "span_count": (_COUNT, _OF_SPANS),
        "latency": (_SPREAD, ("span_name", "span_status")),
        **dict.fromkeys(samples.COSTS, (_NUMBERS, _OF_SPANS[3:])),
    },
    "ASSESSMENTS": {
        "assessment_count": (_COUNT, _SAID),
        "assessment_value": (_SPREAD, _SAID[:1]),
    },
}
"""How each metric of each view may be put together, and what it may be broken down by."""
BUCKET = "time_bucket"
_LONGEST_INTERVAL_S = 366 * 86_400
_MOST_AGGREGATIONS, _MOST_FILTERS = 20, 32


@dataclass(frozen=True, slots=True)
class Aggregation:
    """How values become one; `percentile` from 0 to 100 where it is that."""

    kind: str
    percentile: float | None = None

    @property
    def label(self) -> str:
        return self.kind if self.percentile is None else f"P{self.percentile}"

    def of(self, values: Sequence[float]) -> float | None:
        """Put values together; nothing but a count comes of none."""
        if self.kind == "COUNT":
            return len(values)
        if not values:
            return None
        if self.kind == "SUM":
            return math.fsum(values)
        if self.kind == "AVG":
            return math.fsum(values) / len(values)
        if self.kind == "PERCENTILE":
            return _percentile(sorted(values), self.percentile or 0)
        return min(values) if self.kind == "MIN" else max(values)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be told."""

    experiment_ids: Sequence[int]
    view: str
    metric: str
    aggregations: Sequence[Aggregation]
    dimensions: Sequence[str] = ()
    filters: Sequence[str] = ()
    interval_seconds: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One group of the answer."""

    dimensions: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)


def measure(db: Session, asked: Question) -> list[Point]:
    """Give the groups, by time and then by dimensions; what lacks a dimension is in none.

    Raises:
        TraceRefused: there is no such metric, or it is not put together or broken down so, or
            there are more traces than can be read at once.
        FilterRefused: a filter is not of the grammar.
    """
    _check(asked)
    groups: dict[tuple[int | str, ...], list[float]] = defaultdict(list)
    if not asked.dimensions and not asked.interval_seconds:
        groups[()] = []
    seen: set[tuple[object, ...]] = set()
    for sample in _samples(db, asked):
        names = [sample.dimensions.get(name) for name in asked.dimensions]
        if None in names:
            continue
        place: tuple[int | str, ...] = (*_bucket(sample, asked), *map(str, names))
        if asked.metric == "session_count":
            once = (*place, sample.dimensions["session"])
            if once in seen:
                continue
            seen.add(once)
        groups[place].append(sample.value)
    points = (_point(asked, place, groups[place]) for place in sorted(groups))
    return [point for point in points if point.values]


def _samples(db: Session, asked: Question) -> Iterator[Sample]:
    return samples.read(
        db,
        asked.view,
        asked.metric,
        asked.experiment_ids,
        samples.conditions(asked.view, asked.filters),
        (asked.start_ms, asked.end_ms),
    )


def _bucket(sample: Sample, asked: Question) -> tuple[int, ...]:
    if not asked.interval_seconds:
        return ()
    width = asked.interval_seconds * 1000
    return (sample.at_ms // width * width,)


def _point(asked: Question, place: tuple[int | str, ...], values: Sequence[float]) -> Point:
    named = dict(
        zip(asked.dimensions, map(str, place[bool(asked.interval_seconds) :]), strict=True)
    )
    if asked.interval_seconds:
        at = dt.datetime.fromtimestamp(int(place[0]) / 1000, dt.UTC)
        named = {BUCKET: at.isoformat(), **named}
    told = {aggregation.label: aggregation.of(values) for aggregation in asked.aggregations}
    return Point(named, {label: value for label, value in told.items() if value is not None})


def _check(asked: Question) -> None:
    of_view = METRICS[asked.view]
    if asked.metric not in of_view:
        raise TraceRefused(
            f"metric_name must be one of {sorted(of_view)}, got '{asked.metric[:80]}'"
        )
    kinds, dimensions = of_view[asked.metric]
    if not 1 <= len(asked.aggregations) <= _MOST_AGGREGATIONS:
        raise TraceRefused(f"1 to {_MOST_AGGREGATIONS} aggregations can be asked for at once.")
    wrong = sorted({a.kind for a in asked.aggregations} - kinds)
    if wrong:
        raise TraceRefused(
            f"Found invalid aggregation_type(s): {wrong}. Supported aggregation types: "
            f"{sorted(kinds)}"
        )
    for aggregation in asked.aggregations:
        _check_percentile(aggregation)
    wrong = sorted(name[:80] for name in set(asked.dimensions) - set(dimensions))
    if wrong or len(set(asked.dimensions)) < len(asked.dimensions):
        raise TraceRefused(
            f"Found invalid dimension(s): {wrong}. Supported dimensions: {sorted(dimensions)}"
        )
    if len(asked.filters) > _MOST_FILTERS:
        raise TraceRefused(f"At most {_MOST_FILTERS} filters can be given.")
    if asked.interval_seconds is None:
        return
    if not 1 <= asked.interval_seconds <= _LONGEST_INTERVAL_S:
        raise TraceRefused(f"time_interval_seconds is from 1 to {_LONGEST_INTERVAL_S}.")
    if asked.start_ms is None or asked.end_ms is None:
        raise TraceRefused(
            "start_time_ms and end_time_ms are required if time_interval_seconds is set"
        )


def _check_percentile(aggregation: Aggregation) -> None:
    is_one = aggregation.kind == "PERCENTILE"
    if is_one != (aggregation.percentile is not None):
        raise TraceRefused("percentile_value goes with the aggregation type PERCENTILE only.")
    if aggregation.percentile is not None and not 0 <= aggregation.percentile <= 100:
        raise TraceRefused(f"percentile_value is from 0 to 100, got {aggregation.percentile}")


def _percentile(ordered: Sequence[float], percentile: float) -> float:
    """Interpolate between the two values that a percentile lies between."""
    place = percentile / 100 * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
