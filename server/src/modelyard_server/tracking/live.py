"""What changed in watched runs since a position: the content of the live stream.

Only states are compared, so it does not matter which process wrote, or how: a reader who missed
something sees it in the next comparison. Points come once, in order; a reader that counts them
notices points that arrived late, for their `total` is then larger than what it has.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel.streaming import Event

from . import experiments, keys, points, runs, service
from .models import ACTIVE, Run
from .points import START, Place
from .records import Key, RunMetric

MOST_RUNS, MOST_KEYS, MOST_COLUMNS = 50, 24, 100
MOST_OPEN = 100  # running runs of an experiment that are followed, the newest
MOST_POINTS = 2_000  # of one curve at once; beyond that reading the curve again is cheaper
COUNTED_ALWAYS = 5_000  # points; longer curves are counted less often
COUNT_SECONDS = 15.0
LONGEST_POSITION = 6_000  # of the header in which browsers send it back
LOST_POSITION = "-"

_Pair = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Watch:
    """What a page shows: an experiment's runs, some runs, and curves (`keys`) of those runs.

    `columns` are the metrics that are followed for the experiment's running runs.
    """

    experiment_id: str | None = None
    run_ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class _Cursor:
    """How many points of a curve the reader knows, and the place of the last one."""

    known: int
    last: Place | None
    counted_at: float = 0.0


class Follower:
    """Compares what is stored with what its reader was told."""

    def __init__(self, watch: Watch, position: str = "") -> None:
        self._watch = watch
        self._cursors, self._is_lost = _opened(position)
        self._told: dict[int, dict[str, Any]] = {}
        self._metrics: dict[int, dict[str, tuple[Any, ...]]] = {}
        self._experiment: dict[str, Any] | None = None

    @property
    def position(self) -> str:
        """Where the reader stands, to go on from after a break."""
        told = {
            uid: {k: [c.known, c.last] for k, c in of_run.items()}
            for uid, of_run in self._cursors.items()
        }
        packed = zlib.compress(json.dumps(told, separators=(",", ":")).encode())
        text = base64.urlsafe_b64encode(packed).decode()
        return text if len(text) <= LONGEST_POSITION else LOST_POSITION

    def changes(self, db: Session) -> list[Event]:
        """Say what changed since the last call, or since the position.

        Raises:
            ExperimentMissing: the watched experiment is not there.
            RunMissing: a watched run is not there.
        """
        found: list[Event] = []
        if self._is_lost:
            self._is_lost = False
            found.append(Event("reset", {}))
        opened = self._of_experiment(db, found)
        watched = [runs.get(db, uid) for uid in self._watch.run_ids]
        self._of_runs(db, opened, self._watch.columns, found)
        self._of_runs(db, watched, None, found)
        self._of_curves(db, watched, found)
        return found

    def _of_experiment(self, db: Session, found: list[Event]) -> list[Run]:
        if self._watch.experiment_id is None:
            return []
        experiment = experiments.get(db, self._watch.experiment_id)
        inside = [Run.experiment_id == experiment.id, Run.lifecycle_stage == ACTIVE]
        opened = db.scalars(
            select(Run)
            .where(*inside, Run.status == "RUNNING")
            .order_by(Run.id.desc())
            .limit(MOST_OPEN)
        ).all()
        by_start = select(Run.uid).where(*inside).order_by(Run.started_ms.desc(), Run.id.desc())
        newest = db.scalar(by_start.limit(1))
        now: dict[str, Any] = {"experiment_id": str(experiment.id), "newest": newest}
        now["open"] = sorted(run.uid for run in opened)
        before = set() if self._experiment is None else set(self._experiment["open"])
        if now != self._experiment:
            self._experiment = now
            found.append(Event("experiment", now))
        ended = before - set(now["open"])  # their last words
        last = db.scalars(select(Run).where(Run.uid.in_(ended))) if ended else ()
        return [*opened, *last]

    def _of_runs(
        self, db: Session, watched: Sequence[Run], columns: Iterable[str] | None, found: list[Event]
    ) -> None:
        logged = _latest(db, [run.id for run in watched], columns)
        for run in watched:
            metrics = logged.get(run.id, {})
            known = self._metrics.get(run.id, {})
            fresh = [_metric(k, v) for k, v in metrics.items() if known.get(k) != v]
            state = {
                "id": run.uid,
                "experiment_id": str(run.experiment_id),
                "name": run.name,
                "status": run.status,
                "lifecycle_stage": run.lifecycle_stage,
                "ended_at": None if run.over_ms is None else _iso(run.over_ms),
            }
            if fresh or state != self._told.get(run.id):
                found.append(Event("run", {**state, "metrics": fresh}))
            self._told[run.id] = state
            self._metrics[run.id] = metrics

    def _of_curves(self, db: Session, watched: Sequence[Run], found: list[Event]) -> None:
        numbers = keys.known(db, self._watch.keys)
        for run in watched:
            told = self._cursors.setdefault(run.uid, {})
            logged = self._metrics.get(run.id, {})
            for key, number in numbers.items():
                if key not in logged:
                    continue
                cursor = told.get(key)
                if cursor is None:
                    cursor = told[key] = _end_of(db, run.id, number)
                    found.append(_points(run.uid, key, cursor.known, []))
                    continue
                event = self._of_curve(db, run, (number, key), cursor)
                if event is not None:
                    found.append(event)

    def _of_curve(self, db: Session, run: Run, pair: _Pair, cursor: _Cursor) -> Event | None:
        number, key = pair
        step, at_ms, value, is_nan = self._metrics[run.id][key]
        before = cursor.known
        fresh: list[Place] = []
        if cursor.last is None or (step, at_ms, value, is_nan) != cursor.last:
            fresh = _after(db, run.id, number, cursor.last)
            if len(fresh) > MOST_POINTS:
                end = _end_of(db, run.id, number)
                cursor.known, cursor.last = end.known, end.last
                return _points(run.uid, key, cursor.known, [])
            cursor.known += len(fresh)
            cursor.last = fresh[-1] if fresh else cursor.last
        waited = time.monotonic() - cursor.counted_at
        if cursor.known <= COUNTED_ALWAYS or waited > COUNT_SECONDS:
            cursor.known = points.count(db, run.id, number)
            cursor.counted_at = time.monotonic()
        if cursor.known == before:
            return None
        return _points(run.uid, key, cursor.known, fresh)


def _opened(position: str) -> tuple[dict[str, dict[str, _Cursor]], bool]:
    """Read a position; one that is not ours means that the reader must read everything again."""
    if not position:
        return {}, False
    try:
        packed = base64.urlsafe_b64decode(position.encode())
        unpacker = zlib.decompressobj()
        told = json.loads(unpacker.decompress(packed, 64 * LONGEST_POSITION))
        return {
            str(uid): {
                str(k): _Cursor(int(n), None if at is None else points.place(at))
                for k, (n, at) in of_run.items()
            }
            for uid, of_run in told.items()
        }, False
    except (ValueError, TypeError, AttributeError, KeyError, binascii.Error, zlib.error):
        return {}, True


def _latest(
    db: Session, run_ids: Sequence[int], columns: Iterable[str] | None
) -> dict[int, dict[str, tuple[Any, ...]]]:
    if not run_ids:
        return {}
    latest = RunMetric
    query = (
        select(latest.id, Key.name, latest.step, latest.at_ms, latest.value, latest.is_nan)
        .join(Key, Key.id == latest.key_id)
        .where(latest.id.in_(run_ids))
    )
    if columns is not None:
        query = query.where(latest.key_id.in_(keys.known(db, list(columns)).values()))
    found: dict[int, dict[str, tuple[Any, ...]]] = {}
    for run_id, name, step, at_ms, value, is_nan in db.execute(query):
        found.setdefault(run_id, {})[name] = (step, at_ms, value, bool(is_nan))
    return found


def _end_of(db: Session, run_id: int, number: int) -> _Cursor:
    last = points.end(db, run_id, number)
    if last is None:
        return _Cursor(0, None)
    return _Cursor(points.count(db, run_id, number), last, time.monotonic())


def _after(db: Session, run_id: int, number: int, last: Place | None) -> list[Place]:
    columns = points.read(db, run_id, number, after=last or START, most=MOST_POINTS + 1)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _metric(key: str, latest: tuple[Any, ...]) -> dict[str, Any]:
    step, at_ms, value, is_nan = latest
    shown = None if is_nan else value
    return {"key": key, "value": shown, "is_nan": is_nan, "step": step, "at": _iso(at_ms)}


def _points(uid: str, key: str, total: int, fresh: Sequence[Place]) -> Event:
    shown = [
        {"step": step, "at": _iso(at_ms), "value": None if is_nan else value}
        for step, at_ms, value, is_nan in fresh
    ]
    return Event("points", {"run_id": uid, "key": key, "total": total, "points": shown})


def _iso(milliseconds: int) -> str:
    return service.instant(milliseconds).isoformat().replace("+00:00", "Z")
