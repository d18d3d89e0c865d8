"""Has a column moved? Corrected p-value AND an effect above the noise, or it is not drift.

Either alone misleads: PSI of equal samples exceeds 0.1 on every small window, and with much
traffic any p-value does (design notes on monitoring, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from modelyard_server.kernel.lazily import lazily

from . import explain, faults, members, statistics
from .faults import Signal
from .grid import HEAD, UNSEEN, Floats, Grid, Ints, Kind
from .profile import DISTINCT, ColumnReference, Profile

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


EFFECT = 0.1  # PSI or JS distance net of noise from which a change is worth a person's time
LARGE = 0.25
SIGNIFICANCE = 0.05
LEAST_ROWS = 100  # for a verdict on the model
LEAST_VALUES = 100  # for a test of one column
LEAST_IMPORTANCE = 0.05  # moved columns that carry less of the model's attention do not matter
PERSISTENT_WINDOWS = 2  # of the last three: one window alone may be a bad hour
Severity = Literal["none", "small", "moderate", "large"]


class Status(StrEnum):
    """What is said about one column."""

    ok = "ok"
    changed_small = "changed_small"
    drifting = "drifting"
    faulty = "faulty"
    not_enough_data = "not_enough_data"
    no_reference = "no_reference"
    excluded = "excluded"


_URGENCY = (
    Status.drifting,
    Status.faulty,
    Status.changed_small,
    Status.ok,
    Status.not_enough_data,
    Status.no_reference,
    Status.excluded,
)


def urgency(status: Status) -> int:
    """Give the place of a status in a list, the most urgent first."""
    return _URGENCY.index(status)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """The comparison of one column with its reference."""

    reference: ColumnReference
    status: Status
    method: str
    n_current: int
    n_reference: int
    explain: str
    score: float | None = None
    distance: float | None = None
    """The effect before its noise is taken off."""
    psi: float | None = None
    noise: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    shift: float | None = None
    """Numbers: how far, in standard deviations of the reference (Wasserstein)."""
    distinct: float | None = None
    bins: int | None = None
    is_usual: bool = False
    """The score is inside the band of the same hour in weeks before."""
    signals: list[Signal] = field(default_factory=list)

    @property
    def severity(self) -> Severity:
        """Name the size of the effect."""
        if self.score is None or self.status in {Status.ok, Status.not_enough_data}:
            return "none"
        return "small" if self.score < EFFECT else "moderate" if self.score < LARGE else "large"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about the model. `share`: of the model's attention that moved, 0 to 1."""

    status: Status
    reason: str
    rows: int
    share: float = 0.0


def compare(
    references: Mapping[str, ColumnReference],
    current: Profile,
    bands: Mapping[str, float] | None = None,
) -> list[ColumnDrift]:
    """Compare every column that has a reference; drifting ones come first.

    `bands`: score per column below which the same hour of other weeks was already.
    """
    measured = [measure(column, current) for column in references.values()]
    tested = [index for index, found in enumerate(measured) if found.p_value is not None]
    q_values = statistics.adjusted([measured[i].p_value or 0.0 for i in tested])
    q_of = dict(zip(tested, q_values, strict=True))
    flagged = faults.judged([found.signals for found in measured])
    judged = [
        _judge(
            replace(found, signals=flagged[index]),
            current.get(found.reference.name),
            q_of.get(index),
            (bands or {}).get(found.reference.name),
        )
        for index, found in enumerate(measured)
    ]
    return sorted(
        judged, key=lambda f: (_URGENCY.index(f.status), -(f.score or 0.0), f.reference.name)
    )


def measure(column: ColumnReference, current: Profile) -> ColumnDrift:
    """Compute effect and p-value of one column, uncorrected."""
    counts = current.get(column.name, column.grid.empty())
    base = ColumnDrift(
        column,
        Status.not_enough_data,
        method="",
        n_current=int(counts[HEAD:].sum()),
        n_reference=int(column.counts[HEAD:].sum()),
        explain="",
        signals=faults.of_column(column, counts),
    )
    if column.grid.identifier:
        return replace(base, status=Status.excluded, method="missing values")
    if base.n_reference == 0:
        return replace(base, status=Status.no_reference)
    if base.n_current < LEAST_VALUES:
        return base
    if column.grid.kind is Kind.categorical:
        return _categorical(base, column, counts)
    if column.grid.kind is Kind.text:
        return _text(base, column, counts, current.get(column.name + DISTINCT))
    return _numeric(base, column, counts)


def score(column: ColumnReference, current: Profile) -> float | None:
    """Give the net effect alone, for a trend; `None` with too few values."""
    counts = current.get(column.name, column.grid.empty())
    reference, live = column.counts[HEAD:], counts[HEAD:]
    n, m = int(live.sum()), int(reference.sum())
    if column.grid.identifier or n < LEAST_VALUES or not m:
        return None
    if column.grid.kind is Kind.text:
        return measure(column, current).score
    if column.grid.kind is Kind.categorical:
        groups = statistics.sound_groups(reference, live, statistics.RARE_SHARE)
        left, right = statistics.pooled(reference, groups), statistics.pooled(live, groups)
        return round(statistics.js_distance(left, right)[1], 4)
    left, right = _numeric_groups(column.grid, reference, live)
    value = statistics.psi(left, right) - statistics.psi_noise(len(left), m, n)
    return round(max(0.0, value), 4)


def judge_model(
    columns: list[ColumnDrift], rows: int, importance: Mapping[str, float] | None = None
) -> Verdict:
    """Say whether the model's columns drift, from at least `LEAST_ROWS` rows.

    `importance`: how much the model relies on each input; without it all count the same.
    """
    if rows < LEAST_ROWS:
        return Verdict(Status.not_enough_data, explain.too_few(rows, LEAST_ROWS), rows)
    moved = [found.reference.name for found in columns if found.status is Status.drifting]
    weights = _weights(columns, importance or {})
    share = sum(weights.get(name, 0.0) for name in moved)
    if moved and importance and share < LEAST_IMPORTANCE and not any(map(_is_answer, moved)):
        return Verdict(Status.ok, explain.unimportant(moved, share), rows, share)
    if moved:
        return Verdict(Status.drifting, explain.moved(moved, len(columns)), rows, share)
    compared = [f for f in columns if f.status in {Status.ok, Status.changed_small, Status.faulty}]
    if not compared:
        return Verdict(Status.no_reference, explain.NOTHING_TO_COMPARE, rows)
    return Verdict(Status.ok, explain.steady(len(compared), rows), rows)


def judge_quality(columns: list[ColumnDrift], rows: int) -> Verdict:
    """Say whether the values themselves are sound."""
    if rows < faults.LEAST_ROWS:
        return Verdict(Status.not_enough_data, explain.too_few(rows, faults.LEAST_ROWS), rows)
    told = [
        explain.fault(found.reference.name, signal)
        for found in columns
        for signal in found.signals
        if signal.is_flagged
    ]
    if told:
        return Verdict(Status.faulty, explain.faults(told), rows, len(told) / len(columns))
    return Verdict(Status.ok, explain.sound(rows), rows)


def persistent(windows: list[Collection[str] | None]) -> set[str]:
    """Give the columns that moved in two of the last three windows; `None`: not judged."""
    judged = [window for window in windows[:3] if window is not None]
    names = {name for window in judged for name in window}
    return {n for n in names if sum(n in window for window in judged) >= PERSISTENT_WINDOWS}


def _is_answer(name: str) -> bool:
    return name == "prediction" or name.startswith(("prediction[", "prediction."))


def _weights(columns: list[ColumnDrift], importance: Mapping[str, float]) -> dict[str, float]:
    known = {f.reference.name: max(0.0, importance.get(f.reference.name, 0.0)) for f in columns}
    total = sum(known.values())
    if total <= 0:
        inputs = [name for name in known if not _is_answer(name)]
        return dict.fromkeys(inputs, 1 / max(1, len(inputs)))
    return {name: weight / total for name, weight in known.items()}


def _numeric(base: ColumnDrift, column: ColumnReference, counts: Ints) -> ColumnDrift:
    reference, current = column.counts[HEAD:], counts[HEAD:]
    lumpy = _is_lumpy(column.grid)
    left, right = _numeric_groups(column.grid, reference, current)
    statistic, p_value = (
        statistics.chi_squared(left, right) if lumpy else statistics.ks(reference, current)
    )
    value = statistics.psi(left, right)
    noise = statistics.psi_noise(len(left), base.n_reference, base.n_current)
    return replace(
        base,
        method="chi² + PSI" if lumpy else "KS + PSI",
        score=max(0.0, value - noise),
        distance=value,
        psi=value,
        noise=noise,
        statistic=statistic,
        p_value=p_value,
        shift=_shift(column.grid, reference, current),
        bins=len(left),
    )


def _is_lumpy(grid: Grid) -> bool:
    return grid.discrete or bool(grid.masses)


def _numeric_groups(grid: Grid, reference: Ints, current: Ints) -> tuple[Ints, Ints]:
    """Pool fine bins: ten of equal mass, or a bin per frequent value with the rest between."""
    if not _is_lumpy(grid):
        groups = statistics.equal_mass_groups(reference)
        return statistics.pooled(reference, groups), statistics.pooled(current, groups)
    groups = np.arange(len(reference))
    if not grid.discrete:
        groups = statistics.groups_with_masses(reference, grid.masses)
    left, right = statistics.pooled(reference, groups), statistics.pooled(current, groups)
    sound = statistics.sound_groups(left, right)
    return statistics.pooled(left, sound), statistics.pooled(right, sound)


def _shift(grid: Grid, reference: Ints, current: Ints) -> float | None:
    if not grid.spread:
        return None
    found = statistics.wasserstein(_places(grid), reference, current) / grid.spread
    return found if math.isfinite(found) else None


@lru_cache(maxsize=4096)
def _places(grid: Grid) -> Floats:
    ends = [explain.bounds(grid, at) for at in range(grid.bins)]
    return np.maximum.accumulate(np.array([low / 2 + high / 2 for low, high in ends]))


def _categorical(base: ColumnDrift, column: ColumnReference, counts: Ints) -> ColumnDrift:
    reference, current = column.counts[HEAD:], counts[HEAD:]
    groups = statistics.sound_groups(reference, current, statistics.RARE_SHARE)
    left, right = statistics.pooled(reference, groups), statistics.pooled(current, groups)
    distance, net, noise = statistics.js_distance(left, right)
    statistic, p_value = statistics.chi_squared(left, right)
    return replace(
        base,
        method="chi² + JS",
        score=net,
        distance=distance,
        psi=statistics.psi(left, right),
        noise=noise,
        statistic=statistic,
        p_value=p_value,
        bins=len(left),
    )


def _text(
    base: ColumnDrift, column: ColumnReference, counts: Ints, registers: Ints | None
) -> ColumnDrift:
    """Judge many-valued text by the share of values never seen, and by its length."""
    n, m = base.n_current, base.n_reference
    groups = statistics.sound_groups(column.counts[HEAD:], counts[HEAD:])
    left = statistics.pooled(column.counts[HEAD:], groups)
    right = statistics.pooled(counts[HEAD:], groups)
    distance, net, noise = statistics.js_distance(left, right)
    statistic, p_value = statistics.chi_squared(left, right)
    if column.grid.members:
        hits, other = int(counts[UNSEEN]), int(column.counts[UNSEEN])
        change = abs(hits / n - other / m)
        p_value = min(1.0, 2 * min(p_value, statistics.two_shares(hits, n, other, m)))
        distance, net = max(distance, change), max(net, change)
    return replace(
        base,
        method="unseen share + length" if column.grid.members else "length",
        score=net,
        distance=distance,
        noise=noise,
        statistic=statistic,
        p_value=p_value,
        distinct=None if registers is None else members.distinct(registers),
        bins=len(left),
    )


def _judge(
    found: ColumnDrift, current: Ints | None, q_value: float | None, band: float | None
) -> ColumnDrift:
    status = found.status
    usual = band is not None and found.score is not None and found.score <= band
    if q_value is not None and found.score is not None:
        significant = q_value < SIGNIFICANCE
        status = Status.changed_small if significant else Status.ok
        if significant and found.score >= EFFECT and not usual:
            status = Status.drifting
    if status is not Status.drifting and any(signal.is_flagged for signal in found.signals):
        status = Status.faulty
    judged = replace(found, q_value=q_value, status=status, is_usual=usual)
    counts = found.reference.grid.empty() if current is None else current
    return replace(judged, explain=_sentence(judged, counts))


def _sentence(found: ColumnDrift, current: Ints) -> str:
    column = found.reference
    match found.status:
        case Status.not_enough_data:
            return explain.too_few(found.n_current, LEAST_VALUES)
        case Status.no_reference:
            return explain.NO_REFERENCE
        case Status.excluded:
            return explain.EXCLUDED
        case Status.ok:
            return explain.like_reference(found.score or 0.0)
        case Status.faulty:
            worst = next(signal for signal in found.signals if signal.is_flagged)
            return explain.fault(None, worst)
        case Status.drifting | Status.changed_small:
            small = found.status is Status.changed_small
            if small and found.is_usual:
                return explain.usual(found.score or 0.0)
            return explain.change(column.grid, column.counts, current, small=small)
