"""Sentences a person reads beside a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard_server.kernel.lazily import lazily

from .constraint_schemas import Check, ColumnConstraint, ValueType
from .faults import Fault, Signal
from .grid import HEAD, UNSEEN, Grid, Ints, Kind

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


NO_REFERENCE = "The baseline has no values for this column."
EXCLUDED = "Identifiers are not compared; only missing values are watched."
NOTHING_TO_COMPARE = "No column has a baseline to be compared with."
NOTHING_ASKED = "Nobody has chosen constraints."
NOTHING_CHECKED = "No rows came since the constraints were changed."
NOTHING_BEFORE = "There were too few rows in the window before to compare with."
_FAULTS = {
    Fault.missing: "Missing values",
    Fault.unseen: "Values never seen in training",
    Fault.out_of_range: "Values outside the range of training",
    Fault.type_error: "Values of a wrong type",
}
_TYPES = {
    ValueType.number: "a number",
    ValueType.integer: "a whole number",
    ValueType.boolean: "true or false",
    ValueType.text: "a text",
}
NAMED = 5  # more names than these are counted, not listed


def too_few(have: int, need: int) -> str:
    """Tell how many rows there are, and how many an answer needs."""
    return f"Not enough data (n = {have}, needs {need})."


def moved(names: list[str], columns: int) -> str:
    """Tell which columns drift."""
    listed = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    verb = "has" if len(names) == 1 else "have"
    return f"{len(names)} of {columns} columns {verb} moved: {listed}{more}."


def steady(columns: int, rows: int) -> str:
    """Tell that nothing moved, and on how much that rests."""
    return f"None of {columns} columns moved, judged on {rows} rows."


def like_reference(score: float) -> str:
    """Tell that a column looks like its baseline."""
    if score < 0.005:
        return "Looks like the baseline: no change beyond sampling noise."
    return f"Looks like the baseline: a change of {score:.2f} could be chance."


def usual(score: float) -> str:
    """Tell that a change is what this hour always looks like."""
    return f"Differs by {score:.2f}, as it does at this hour in other weeks."


def unimportant(names: list[str], share: float) -> str:
    """Tell that only columns moved which the model hardly uses."""
    listed = ", ".join(names[:NAMED])
    return f"{listed} moved, but the model owes only {share:.0%} of its skill to that."


def fault(name: str | None, signal: Signal) -> str:
    """Tell which share of a column is not as expected."""
    where = f" in {name}" if name else ""
    return (
        f"{_FAULTS[signal.fault]}{where}: {signal.expected:.1%} expected, {signal.current:.1%} now."
    )


def faults(sentences: list[str]) -> str:
    """Join what is wrong with the data, the first few."""
    more = f" And {len(sentences) - 3} more." if len(sentences) > 3 else ""
    return " ".join(sentences[:3]) + more


def broken(asked: ColumnConstraint, check: Check, count: int, values: int) -> str:
    """Tell what is asked of a column, and how many values do not hold it."""
    if not values:
        return f"{requirement(asked, check)}: no values yet."
    share = f"{count:,} of {values:,} values are not ({count / values:.1%})"
    return f"{requirement(asked, check)}: {share}."


def requirement(asked: ColumnConstraint, check: Check) -> str:
    """Say what a check asks of a column."""
    name = asked.column
    match check:
        case Check.missing:
            return f"{name} is there"
        case Check.type:
            return f"{name} is {_TYPES[asked.type] if asked.type else 'a value'}"
        case Check.range:
            return f"{name} is {_between(asked.minimum, asked.maximum)}"
        case Check.allowed:
            return f"{name} is one of {len(asked.allowed or ())} allowed values"
        case Check.length:
            return f"{name} is at most {asked.max_length} characters long"


def kept(checks: int, rows: int) -> str:
    """Tell that values are as the constraints ask."""
    return f"All {checks} checks hold on {rows:,} rows."


def not_kept(sentences: list[str], checks: int) -> str:
    """Tell which checks are broken, the worst first."""
    verb = "is" if len(sentences) == 1 else "are"
    return f"{len(sentences)} of {checks} checks {verb} broken. {faults(sentences)}"


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {_number(high or 0.0)}"
    return f"at least {_number(low)}" if high is None else f"from {_number(low)} to {_number(high)}"


def sound(rows: int) -> str:
    """Tell that nothing is wrong with the data."""
    return f"No missing, new, out-of-range or mistyped values beyond the usual in {rows} rows."


LASTED = "Confirmed: in two of the last three windows."
FIRST = "Seen in one window so far."


def lasting(names: list[str]) -> str:
    """Tell whether columns stay moved."""
    if names:
        return f"Confirmed: it lasts ({', '.join(names[:NAMED])})."
    return "Seen in one stretch of rows so far. Alerts wait for a second one."


def change(grid: Grid, reference: Ints, current: Ints, *, small: bool) -> str:
    """Tell how a column moved: its middle, and the bin that changed most."""
    if grid.kind is Kind.text:
        return _text_change(reference, current)
    before, now = reference[HEAD:], current[HEAD:]
    lead = "Changed a little" if small else "Moved"
    if grid.kind is Kind.numeric and not grid.discrete:
        first, second = median(grid, before), median(grid, now)
        lead = f"{lead}: the median went from {_number(first)} to {_number(second)}"
    place, points = biggest_change(grid, before, now)
    direction = "more" if points > 0 else "fewer"
    return f"{lead}; biggest change: {abs(points):.0f} points {direction} rows {place}."


def _text_change(reference: Ints, current: Ints) -> str:
    n, m = max(1, int(current[HEAD:].sum())), max(1, int(reference[HEAD:].sum()))
    before, now = reference[UNSEEN] / m, current[UNSEEN] / n
    sizes = 2.0 ** np.arange(len(reference) - HEAD)
    left, right = (reference[HEAD:] * sizes).sum() / m, (current[HEAD:] * sizes).sum() / n
    return (
        f"Values never seen in training: {before:.0%} expected, {now:.0%} now; "
        f"length about {left:.0f} before, {right:.0f} now."
    )


def biggest_change(grid: Grid, before: Ints, now: Ints) -> tuple[str, float]:
    """Give the place whose share changed most, with the change in percentage points."""
    from .statistics import equal_mass_groups, pooled

    coarse = grid.kind is Kind.numeric and not grid.discrete
    groups = equal_mass_groups(before) if coarse else np.arange(len(before))
    left, right = pooled(before, groups), pooled(now, groups)
    shares = right / max(1, right.sum()) - left / max(1, left.sum())
    at = int(np.argmax(np.abs(shares)))
    return _place(grid, np.flatnonzero(groups == at)), float(shares[at] * 100)


def median(grid: Grid, counts: Ints) -> float:
    """Estimate the median from counts on a numeric grid."""
    return quantile(grid, counts, 0.5)


def quantile(grid: Grid, counts: Ints, part: float) -> float:
    """Estimate the value below which a share of the rows lies."""
    half = counts.sum() * part
    reached = np.cumsum(counts)
    index = int(np.searchsorted(reached, half))
    index = min(index, len(counts) - 1)
    low, high = bounds(grid, index)
    inside = counts[index] or 1
    share = (half - (reached[index] - counts[index])) / inside
    return low + (high - low) * float(min(1.0, max(0.0, share)))


def bounds(grid: Grid, index: int) -> tuple[float, float]:
    """Give the lower and upper end of a numeric bin; the outer ones end at the extremes."""
    low = grid.edges[index - 1] if index else grid.low
    high = grid.edges[index] if index < len(grid.edges) else grid.high
    return (0.0 if low is None else low, 0.0 if high is None else high)


def span(grid: Grid, first: int, last: int) -> str:
    """Name the bins from `first` to `last`; several categories together are the rest."""
    if grid.kind is Kind.categorical:
        if first == last < len(grid.values):
            return grid.values[first]
        return "new values" if first == last and grid.complete else "other"
    if grid.kind is Kind.text:
        low, high = 2**first // 2, 2 ** (last + 1) // 2 - 1
        return f"{low} – {high} characters" if high > low else f"{low} characters"  # noqa: RUF001
    if not grid.edges:
        return "any number"
    if first == 0:
        return f"< {_number(grid.edges[last])}" if last < len(grid.edges) else "any number"
    if last == len(grid.edges):
        return f"≥ {_number(grid.edges[first - 1])}"
    return f"{_number(grid.edges[first - 1])} – {_number(grid.edges[last])}"  # noqa: RUF001


def _place(grid: Grid, bins: Ints) -> str:
    first, last = int(bins[0]), int(bins[-1])
    if grid.kind is not Kind.numeric:
        return f"with {span(grid, first, first)}"
    if first == 0:
        return f"below {_number(grid.edges[last])}" if grid.edges else "anywhere"
    if last == len(grid.edges):
        return f"from {_number(grid.edges[first - 1])} up"
    return f"between {_number(grid.edges[first - 1])} and {_number(grid.edges[last])}"


def _number(value: float) -> str:
    return f"{value:.4g}"


def collecting(have: int, need: int) -> str:
    """Tell that live rows become the baseline because training logged none."""
    return (
        f"The training data was not logged: the first {need} live rows become a provisional "
        f"baseline ({have} so far)."
    )
