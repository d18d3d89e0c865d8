"""Has a column moved? Corrected p-value AND an effect above the noise, or it is not drift.

Either alone misleads: PSI of equal samples exceeds 0.1 on every small window, and with much
traffic any p-value does (design notes on monitoring, section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from . import explain, statistics
from .grid import HEAD, NULLS, OUT_OF_RANGE, UNSEEN, WRONG_TYPE, Ints, Kind
from .profile import ColumnReference, Profile, rows_of

EFFECT = 0.1  # PSI or JS distance net of noise from which a change is worth a person's time
SIGNIFICANCE = 0.05
LEAST_ROWS = 200  # for a verdict on the model
LEAST_VALUES = 100  # for a test of one column
MISSING_EFFECT = 0.05  # rise or fall of the missing share that counts as a change


class Status(StrEnum):
    """What is said about one column."""

    ok = "ok"
    changed_small = "changed_small"
    drifting = "drifting"
    not_enough_data = "not_enough_data"
    no_reference = "no_reference"
    excluded = "excluded"


_URGENCY = (
    Status.drifting,
    Status.changed_small,
    Status.ok,
    Status.not_enough_data,
    Status.no_reference,
    Status.excluded,
)


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
    psi: float | None = None
    noise: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    missing_p: float = 1.0
    missing_current: float | None = None
    missing_reference: float | None = None
    unseen: float | None = None
    out_of_range: float | None = None
    wrong_type: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about the model."""

    status: Status
    reason: str
    rows: int


def compare(references: Mapping[str, ColumnReference], current: Profile) -> list[ColumnDrift]:
    """Compare every column that has a reference; drifting ones come first."""
    measured = [measure(column, current.get(name)) for name, column in references.items()]
    tested = [index for index, found in enumerate(measured) if found.p_value is not None]
    q_values = statistics.adjusted([measured[i].p_value or 0.0 for i in tested])
    missing_q = statistics.adjusted([found.missing_p for found in measured])
    q_of = dict(zip(tested, q_values, strict=True))
    judged = [
        _judge(found, current.get(found.reference.name), q_of.get(index), missing_q[index])
        for index, found in enumerate(measured)
    ]
    return sorted(
        judged, key=lambda f: (_URGENCY.index(f.status), -(f.score or 0.0), f.reference.name)
    )


def measure(column: ColumnReference, current: Ints | None) -> ColumnDrift:
    """Compute effect and p-value of one column, uncorrected."""
    counts = column.grid.empty() if current is None else current
    n, m = int(counts[HEAD:].sum()), int(column.counts[HEAD:].sum())
    base = _with_rates(column, counts, n, m)
    if column.grid.kind is Kind.text:
        return replace(base, status=Status.excluded, method="missing values")
    if m == 0:
        return replace(base, status=Status.no_reference)
    if n < LEAST_VALUES:
        return base
    if column.grid.kind is Kind.categorical:
        return _categorical(base, column, counts)
    return _numeric(base, column, counts)


def score(column: ColumnReference, current: Ints | None) -> float | None:
    """Give the net effect alone, for a trend; `None` with too few values."""
    found = measure(column, current).score
    return None if found is None else round(found, 4)


def judge_model(columns: list[ColumnDrift], rows: int) -> Verdict:
    """Say whether the model's columns drift, from at least `LEAST_ROWS` rows."""
    if rows < LEAST_ROWS:
        return Verdict(Status.not_enough_data, explain.too_few(rows, LEAST_ROWS), rows)
    moved = [found for found in columns if found.status is Status.drifting]
    if moved:
        names = [found.reference.name for found in moved]
        return Verdict(Status.drifting, explain.moved(names, len(columns)), rows)
    compared = [found for found in columns if found.status in {Status.ok, Status.changed_small}]
    if not compared:
        return Verdict(Status.no_reference, explain.NOTHING_TO_COMPARE, rows)
    return Verdict(Status.ok, explain.steady(len(compared), rows), rows)


def _with_rates(column: ColumnReference, counts: Ints, n: int, m: int) -> ColumnDrift:
    rows, reference_rows = rows_of(counts), rows_of(column.counts)
    nulls, reference_nulls = int(counts[NULLS]), int(column.counts[NULLS])
    numeric = column.grid.kind is Kind.numeric
    known = column.grid.kind is Kind.categorical and column.grid.complete
    return ColumnDrift(
        column,
        Status.not_enough_data,
        method="",
        n_current=n,
        n_reference=m,
        explain="",
        missing_p=statistics.two_shares(nulls, rows, reference_nulls, reference_rows)
        if rows >= LEAST_VALUES
        else 1.0,
        missing_current=_share(nulls, rows),
        missing_reference=_share(reference_nulls, reference_rows),
        unseen=_share(int(counts[UNSEEN]), n) if known else None,
        out_of_range=_share(int(counts[OUT_OF_RANGE]), n) if numeric else None,
        wrong_type=_share(int(counts[WRONG_TYPE]), rows) if numeric else None,
    )


def _numeric(base: ColumnDrift, column: ColumnReference, counts: Ints) -> ColumnDrift:
    reference, current = column.counts[HEAD:], counts[HEAD:]
    if column.grid.discrete:
        groups = statistics.sound_groups(reference, current)
        p_value = statistics.chi_squared(
            statistics.pooled(reference, groups), statistics.pooled(current, groups)
        )
    else:
        groups = statistics.equal_mass_groups(reference)
        _, p_value = statistics.ks(reference, current)
    coarse = statistics.pooled(reference, groups)
    value = statistics.psi(coarse, statistics.pooled(current, groups))
    noise = statistics.psi_noise(len(coarse), base.n_reference, base.n_current)
    return replace(
        base,
        method="chi² + PSI" if column.grid.discrete else "KS + PSI",
        score=max(0.0, value - noise),
        psi=value,
        noise=noise,
        p_value=p_value,
    )


def _categorical(base: ColumnDrift, column: ColumnReference, counts: Ints) -> ColumnDrift:
    reference, current = column.counts[HEAD:], counts[HEAD:]
    groups = statistics.sound_groups(reference, current)
    left, right = statistics.pooled(reference, groups), statistics.pooled(current, groups)
    distance, noise = statistics.js_distance(left, right)
    return replace(
        base,
        method="chi² + JS",
        score=distance,
        psi=statistics.psi(left, right),
        noise=noise,
        p_value=statistics.chi_squared(left, right),
    )


def _judge(
    found: ColumnDrift, current: Ints | None, q_value: float | None, missing_q: float
) -> ColumnDrift:
    change = abs((found.missing_current or 0.0) - (found.missing_reference or 0.0))
    gone = missing_q < SIGNIFICANCE and change >= MISSING_EFFECT
    status = found.status
    if q_value is not None and found.score is not None:
        significant = q_value < SIGNIFICANCE
        status = Status.changed_small if significant else Status.ok
        if significant and found.score >= EFFECT:
            status = Status.drifting
    shifted = status is Status.drifting
    judged = replace(found, q_value=q_value, status=Status.drifting if gone else status)
    counts = found.reference.grid.empty() if current is None else current
    return replace(judged, explain=_sentence(judged, counts, shifted=shifted, gone=gone))


def _sentence(found: ColumnDrift, current: Ints, *, shifted: bool, gone: bool) -> str:
    if gone and not shifted:
        return explain.missing(found.missing_reference or 0.0, found.missing_current or 0.0)
    match found.status:
        case Status.not_enough_data:
            return explain.too_few(found.n_current, LEAST_VALUES)
        case Status.no_reference:
            return explain.NO_REFERENCE
        case Status.excluded:
            return explain.EXCLUDED
        case Status.ok:
            return explain.like_reference(found.score or 0.0)
        case Status.drifting | Status.changed_small:
            small = found.status is Status.changed_small
            column = found.reference
            return explain.change(column.grid, column.counts, current, small=small)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
