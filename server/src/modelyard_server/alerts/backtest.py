"""What a rule would have done: the same functions as at the evaluation, slid over the past."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .readings import Reading
from .schemas import Fired, PreviewOut, PreviewPoint
from .states import Memory, Patience, State, advance

SHOWN = 400  # points of the chart


@dataclass(frozen=True, slots=True)
class At:
    """A reading at an instant."""

    at: dt.datetime
    reading: Reading


def run(
    found: Sequence[At], patience: Patience, since: dt.datetime, until: dt.datetime, step: int
) -> PreviewOut:
    """Let the state machine walk over readings."""
    memory = Memory(State.ok, since)
    spans: list[Fired] = []
    for one in found:
        memory, went = advance(memory, one.reading.seen, patience, one.at)
        if went == "fired":
            spans.append(Fired(since=one.at, until=None))
        elif went == "resolved":
            spans[-1] = Fired(since=spans[-1].since, until=one.at)
    seconds = sum(int(((s.until or until) - s.since).total_seconds()) for s in spans)
    known = sum(one.reading.seen.is_known for one in found)
    return PreviewOut(
        since=since,
        until=until,
        step_seconds=step,
        fired=spans,
        firing_seconds=seconds,
        known_share=known / len(found) if found else 0.0,
        sentence=_sentence(len(spans), known, until - since, found),
        points=[
            PreviewPoint(at=one.at, value=one.reading.value, limit=one.reading.limit)
            for one in _thinned(found)
        ],
    )


def _sentence(times: int, known: int, span: dt.timedelta, found: Sequence[At]) -> str:
    days = max(1, round(span / dt.timedelta(days=1)))
    if not known:
        why = f" {found[-1].reading.text}" if found else ""
        return f"There was not enough data in the last {days} days to tell.{why}"
    if not times:
        return f"It would not have fired in {days} days."
    return f"It would have fired {'once' if times == 1 else f'{times} times'} in {days} days."


def _thinned(found: Sequence[At]) -> Iterator[At]:
    """Keep the reading furthest over its limit of every stretch, so that no peak is lost."""
    width = max(1, -(-len(found) // SHOWN))
    for start in range(0, len(found), width):
        part = found[start : start + width]
        known = [one for one in part if one.reading.value is not None]
        yield max(known, key=_excess) if known else part[0]


def _excess(one: At) -> float:
    value, limit = one.reading.value or 0.0, one.reading.limit or 0.0
    return 1e18 + value if one.reading.seen.is_breach else value - limit
