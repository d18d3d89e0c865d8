"""How far two conditions on traces go together: normalised pointwise mutual information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from . import search
from .errors import TraceRefused

_MOST = 20_000  # newest traces that are looked at
_PRIOR = 0.5  # Jeffreys': half a trace more in each of the four cells


@dataclass(frozen=True, slots=True)
class Together:
    """Counts of traces, and what follows from them; NaN where that is not defined."""

    total: int
    first: int
    second: int
    both: int

    @property
    def npmi(self) -> float:
        """From -1, never together, over 0, independent, to 1, always together."""
        if not self.first or not self.second:
            return math.nan
        return _npmi(self.total, self.first, self.second, self.both) if self.both else -1.0

    @property
    def smoothed(self) -> float:
        """The same, steadier for few traces."""
        if not self.first or not self.second:
            return math.nan
        if self.both == self.total:
            return 1.0
        return _npmi(
            self.total + 4 * _PRIOR,
            self.first + 2 * _PRIOR,
            self.second + 2 * _PRIOR,
            self.both + _PRIOR,
        )


def measure(
    db: Session, experiment_ids: Sequence[int], first: str, second: str, base: str
) -> Together:
    """Count the traces of experiments that satisfy a base, and of these one, the other, and both.

    Raises:
        FilterRefused: a filter is not of the grammar.
        TraceRefused: one names what traces have not got, or is empty.
    """
    if not first.strip() or not second.strip():
        raise TraceRefused("Missing value for required parameter 'filter_string1' or its second.")
    among, one, other = (
        {row.id for row in search.find(db, experiment_ids, text, [], offset=0, limit=_MOST).traces}
        for text in (base, _within(base, first), _within(base, second))
    )
    return Together(len(among), len(one), len(other), len(one & other))


def _within(base: str, text: str) -> str:
    return f"{base} AND {text}" if base.strip() else text


def _npmi(total: float, first: float, second: float, both: float) -> float:
    if both == total:
        return 1.0
    found = math.log(both * total / (first * second)) / -math.log(both / total)
    return max(-1.0, min(1.0, found))
