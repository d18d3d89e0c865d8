"""Answers "has it moved?" for one version over one window, from stored counts."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow

from . import (
    constraint_counts,
    drift,
    explain,
    history,
    lasting,
    profile,
    quadrants,
    queries,
    spans,
    weighing,
)
from .drift import ColumnDrift, Status, Verdict
from .models import FeatureImportance
from .ports import Subject
from .profile import ColumnReference, ColumnRole, Origin, Profile
from .quadrants import Placed
from .reference import PROVISIONAL_ROWS, Reference
from .schemas import Baseline, DriftWindow
from .spans import Span

FRESH_SECONDS = 1.0
_unchanged_seconds = 60.0  # without new rows only the window's edge moves
MAX_CACHED = 2000
WINDOWS_BEFORE = 2  # that a change must have been seen in as well, one of them
LoadReference = Callable[[Session, Subject, int], Reference | None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one deployment. `rows`: how many, in a window by count."""

    window: DriftWindow
    baseline: Baseline = "training"
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything one answer rests on."""

    window: DriftWindow
    since: dt.datetime
    until: dt.datetime
    baseline: Literal["training", "previous", "provisional"]
    name: str | None
    verdict: Verdict
    quality: Verdict
    columns: list[ColumnDrift]
    pending: dict[str, int]
    current: Profile
    steps: list[Profile]
    computed_at: dt.datetime
    importance: Mapping[str, float] = field(default_factory=dict)
    weighed: FeatureImportance | None = None
    """How the importance was measured."""
    placed: Mapping[str, Placed] = field(default_factory=dict)
    confirmed: frozenset[str] = frozenset()
    """Columns whose change lasts."""
    settles_at: dt.datetime | None = None
    """When a change that nothing follows is confirmed."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The counted rows of a stretch, in steps."""

    since: dt.datetime
    until: dt.datetime
    parts: list[lasting.Part]
    """As they are stored, oldest first."""
    steps: list[Profile]
    current: Profile


_Key = tuple[int, uuid.UUID, int, Question]
_cache: dict[_Key, tuple[float, dt.datetime | None, Measured]] = {}
_lock = threading.Lock()


def measure(db: Session, subject: Subject, asked: Question, load: LoadReference) -> Measured:
    """Compare the live version's rows of a window with its baseline, 1 s old at most."""
    version = watched_version(subject)
    key = (tenancy.workspace_of(db), subject.deployment_id, version, asked)
    newest = queries.last_profiled(db, [(subject.deployment_id, version)]).get(
        (subject.deployment_id, version)
    )
    held = cached(key, newest)
    if held is not None:
        return held
    made = measure_at(db, subject, asked, load, utcnow())
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[key] = (time.monotonic(), newest, made)
    return made


def cached(key: _Key, newest: dt.datetime | None) -> Measured | None:
    """Give a held answer that is still true, or `None`."""
    with _lock:
        held = _cache.get(key)
    if held is None:
        return None
    same = newest is not None and held[1] == newest
    if held[2].settles_at is not None and utcnow() >= held[2].settles_at:
        return None
    fresh = time.monotonic() - held[0] < (_unchanged_seconds if same else FRESH_SECONDS)
    return held[2] if fresh else None


def measure_widely(db: Session, subject: Subject, asked: Question, load: LoadReference) -> Measured:
    """Measure the window that was asked for, or the next longer one with enough rows."""
    first = measure(db, subject, asked, load)
    if first.verdict.status is not Status.not_enough_data or asked.window == "count":
        return first
    for window in spans.WIDER[asked.window]:
        wider = measure(db, subject, replace(asked, window=window), load)
        if wider.verdict.status is not Status.not_enough_data:
            return wider
    return first


def share() -> None:
    """Hold answers for a second only: other processes change what they are made of."""
    global _unchanged_seconds
    _unchanged_seconds = FRESH_SECONDS


def forget() -> None:
    """Drop every cached answer."""
    with _lock:
        _cache.clear()


def watched_version(subject: Subject) -> int:
    """Give the version drift is measured for: the live one, else the newest that was rolled out."""
    if subject.live_version is not None:
        return subject.live_version
    return subject.versions[max(subject.versions)] if subject.versions else 0


def measure_at(
    db: Session, subject: Subject, asked: Question, load: LoadReference, now: dt.datetime
) -> Measured:
    """Measure the window that ended at a time; nothing is remembered."""
    version = watched_version(subject)
    reference = load(db, subject, version) or Reference()
    of = (subject.deployment_id, version)
    window = (
        _by_count(db, of, asked.rows) if asked.window == "count" else _by_time(db, of, asked, now)
    )
    columns, bands = reference.columns, {}
    if asked.baseline == "previous":
        columns = _recounted(columns, _before(db, of, window, 1))
    elif asked.window != "count":
        bands = history.bands(db, of, asked.window, window.until)
    compared = drift.compare(columns, window.current, bands)
    rows = profile.rows_in(window.current)
    weighed = weighing.of_version(db, *of)
    importance = weighed.importance if weighed is not None else reference.importance
    confirmed = _confirmed(db, of, asked, window, columns, compared, now)
    return Measured(
        window=asked.window,
        since=window.since,
        until=window.until,
        baseline=_baseline(reference, asked.baseline),
        name=_name(reference, asked),
        verdict=_verdict(reference, columns, compared, (rows, importance), asked.baseline),
        quality=_quality(db, of[0], window, drift.judge_quality(compared, rows)),
        columns=compared,
        pending={name: len(values) for name, values in reference.pending.items()},
        current=window.current,
        steps=window.steps,
        computed_at=utcnow(),
        importance=importance,
        weighed=weighed,
        placed={one.name: one for one in quadrants.place(compared, importance)},
        confirmed=confirmed,
        settles_at=_settles_at(window, compared, confirmed, now),
    )


def _by_time(db: Session, of: tuple[uuid.UUID, int], asked: Question, now: dt.datetime) -> _Window:
    span: Span = spans.DRIFT[asked.window]
    since, until = spans.bounds(span, now)
    steps: list[list[Profile]] = [[] for _ in range(span.steps)]
    parts = sorted(queries.profiles(db, *of, since, until), key=lambda part: part[0])
    for at, counted in parts:
        steps[int((at - since).total_seconds()) // span.step_seconds].append(counted)
    merged = [profile.merge(own) for own in steps]
    return _Window(since, until, parts, merged, profile.merge(merged))


def _by_count(db: Session, of: tuple[uuid.UUID, int], rows: int) -> _Window:
    """Take whole stretches back in time until there are at least `rows` rows."""
    parts: list[lasting.Part] = []
    until = since = utcnow()
    counted = 0
    for at, part in queries.newest_profiles(db, *of):
        parts.append((at, part))
        since = at
        counted += profile.rows_in(part)
        if counted >= rows:
            break
    parts.reverse()
    return _Window(since, until, parts, [], profile.merge(part for _, part in parts))


def _before(db: Session, of: tuple[uuid.UUID, int], window: _Window, back: int) -> Profile:
    length = window.until - window.since
    since = window.since - back * length
    found = queries.profiles(db, *of, since, since + length)
    return profile.merge(counted for _, counted in found)


def _confirmed(
    db: Session,
    of: tuple[uuid.UUID, int],
    asked: Question,
    window: _Window,
    columns: Mapping[str, ColumnReference],
    compared: list[ColumnDrift],
    now: dt.datetime,
) -> frozenset[str]:
    """Look at parts of the window, and at windows before, only when something moved in it."""

    def before() -> list[Profile]:
        if asked.baseline == "previous" or asked.window == "count":
            return []  # the window before is what it is compared with, or has another length
        return [_before(db, of, window, back) for back in range(1, WINDOWS_BEFORE + 1)]

    moved = _moved(compared)
    return lasting.confirmed(columns, moved, window.parts, before, now) if moved else frozenset()


def _moved(compared: list[ColumnDrift]) -> frozenset[str]:
    return frozenset(f.reference.name for f in compared if f.status is Status.drifting)


def _settles_at(
    window: _Window, compared: list[ColumnDrift], confirmed: frozenset[str], now: dt.datetime
) -> dt.datetime | None:
    at = window.parts[-1][0] + lasting.SILENCE if window.parts else now
    return at if at > now and _moved(compared) - confirmed else None


def _recounted(columns: dict[str, ColumnReference], before: Profile) -> dict[str, ColumnReference]:
    """Take the counts of an earlier window as reference, on the same grids."""
    return {
        name: replace(column, counts=before.get(name, column.grid.empty()))
        for name, column in columns.items()
    }


def _quality(db: Session, deployment_id: uuid.UUID, window: _Window, found: Verdict) -> Verdict:
    """Add what somebody asked of the columns to what the baseline lets expect."""
    kept = constraint_counts.judge(db, deployment_id, window.since, window.until)
    if kept is None or not kept.broken:
        return found
    reason = explain.not_kept([one.explain for one in kept.broken], len(kept.judged))
    if found.status is Status.faulty:
        reason = f"{reason} {found.reason}"
    share = max(found.share, len(kept.broken) / len(kept.judged))
    return Verdict(Status.faulty, reason, max(found.rows, kept.rows), share)


def _name(reference: Reference, asked: Question) -> str | None:
    if asked.baseline == "training":
        return reference.name
    return "the rows before" if asked.window == "count" else f"the {asked.window} before"


def _baseline(
    reference: Reference, asked: Baseline
) -> Literal["training", "previous", "provisional"]:
    if asked == "previous":
        return "previous"
    inputs = [c for c in reference.columns.values() if c.role is ColumnRole.input]
    trained = any(column.origin is Origin.training for column in inputs)
    return "training" if trained else "provisional"


def _verdict(
    reference: Reference,
    columns: dict[str, ColumnReference],
    compared: list[ColumnDrift],
    weighed: tuple[int, Mapping[str, float]],
    baseline: Baseline,
) -> Verdict:
    rows, importance = weighed
    if not columns:
        collected = reference.collected
        reason = explain.collecting(collected, PROVISIONAL_ROWS)
        return Verdict(Status.not_enough_data if collected else Status.no_reference, reason, 0)
    verdict = drift.judge_model(compared, rows, importance)
    if baseline == "previous" and verdict.status is Status.no_reference:
        return Verdict(Status.not_enough_data, explain.NOTHING_BEFORE, rows)
    return verdict
