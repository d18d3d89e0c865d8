"""Does a change last? One bad minute is no reason to wake somebody.

A column that moved in a window is confirmed by two of the last three

- short stretches of the window, whole minutes with enough rows: a strong change within minutes;
- thirds of the window, by rows: a weak change that only many rows show;
- windows of the same length;

or because nothing came after the rows that show it. Confirming can only remove alarms: what has
not moved in the window as a whole is never looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice

from . import drift, profile
from .drift import Status
from .profile import ColumnReference, Profile

STRETCHES = 3  # that are looked at, of each length
SHORT_ROWS = 200  # from here on a shift of half a standard deviation is found in one stretch
SILENCE = dt.timedelta(minutes=2)  # from the last minute's start: it, and one without rows
Part = tuple[dt.datetime, Profile]
"""Start and counts of a stored stretch."""
References = Mapping[str, ColumnReference]


def confirmed(
    columns: References,
    moved: Collection[str],
    parts: Sequence[Part],
    before: Callable[[], list[Profile]],
    now: dt.datetime,
) -> frozenset[str]:
    """Give those of the moved columns whose change lasts.

    `parts`: of the window, oldest first; `before`: reads the windows before, newest first.
    """
    waiting = set(moved)
    for found in _looks(columns, moved, parts, before):
        if not waiting:
            break
        waiting -= drift.persistent(found)
    if waiting and parts and now - parts[-1][0] >= SILENCE:
        newest = next(stretches([counted for _, counted in parts], SHORT_ROWS), {})
        waiting -= _moved(columns, newest) or set()
    return frozenset(moved) - waiting


def _looks(
    columns: References,
    moved: Collection[str],
    parts: Sequence[Part],
    before: Callable[[], list[Profile]],
) -> Iterator[list[Collection[str] | None]]:
    """Give what moved in each of three stretches, newest first; cheap looks before dear ones."""
    counted = [one for _, one in parts]
    rows = sum(profile.rows_in(one) for one in counted)
    for least in (SHORT_ROWS, max(drift.LEAST_ROWS, rows // STRETCHES)):
        yield [_moved(columns, one) for one in islice(stretches(counted, least), STRETCHES)]
    yield [moved, *(_moved(columns, one) for one in before())]


def stretches(parts: Sequence[Profile], least: int) -> Iterator[Profile]:
    """Add parts up to stretches of so many rows, from the newest back; `parts`: oldest first."""
    held: list[Profile] = []
    rows = 0
    for part in reversed(parts):
        held.append(part)
        rows += profile.rows_in(part)
        if rows >= least:
            yield profile.merge(held)
            held, rows = [], 0
    if rows >= drift.LEAST_ROWS:
        yield profile.merge(held)


def _moved(columns: References, counted: Profile) -> set[str] | None:
    """Give the columns that moved in a stretch; `None`: too few rows to tell."""
    if profile.rows_in(counted) < drift.LEAST_ROWS:
        return None
    judged = drift.compare(columns, counted)
    return {one.reference.name for one in judged if one.status is Status.drifting}
