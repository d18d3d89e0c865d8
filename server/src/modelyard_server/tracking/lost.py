"""Runs that were left open: their program died without saying so.

A run that logged no metric and no file for a day is lost. It becomes KILLED, the state MLflow's
clients know, with a tag that says why; a program that comes back after all finishes it as usual.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import trail

from . import changes, ingest, service
from .models import ACTIVE, Run
from .records import RunMetric

SILENT_FOR = dt.timedelta(hours=24)
TAG = "modelyard.lost"
_AT_ONCE = 500


def mark(db: Session, actor: trail.Who, *, now: dt.datetime) -> list[Run]:
    """End the runs that were silent for a day; give them."""
    before_ms = int((now - SILENT_FOR).timestamp() * 1000)
    silent = db.scalars(
        select(Run)
        .where(
            Run.status == "RUNNING",
            Run.lifecycle_stage == ACTIVE,
            Run.id < before_ms << 21,  # the high bits are when it was made
        )
        .order_by(Run.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return [run for run in silent if _is_lost(db, actor, run, before_ms)]


def _is_lost(db: Session, actor: trail.Who, run: Run, before_ms: int) -> bool:
    heard_ms = _heard_ms(db, run)
    if heard_ms >= before_ms:
        return False
    run.status, run.ended_ms = "KILLED", heard_ms
    changes.note(db, run.id, run.experiment_id)
    heard = service.instant(heard_ms).isoformat(timespec="seconds")
    ingest.write_tags(db, ingest.target_of(run), {TAG: heard})
    trail.record(
        db,
        actor,
        "runs.lost",
        object_type="run",
        object_id=run.uid,
        object_name=run.name,
        before={"status": "RUNNING"},
        after={"status": run.status, "last_heard": heard},
    )
    return True


def _heard_ms(db: Session, run: Run) -> int:
    """Tell when the run was last heard of: it was made, it started, a metric or file came."""
    metric = db.scalar(select(func.max(RunMetric.at_ms)).where(RunMetric.id == run.id))
    file = artifacts.newest_at(db, f"runs/{run.uid}/")
    filed_ms = 0 if file is None else int(file.timestamp() * 1000)
    return max(run.id >> 21, run.started_ms, metric or 0, filed_ms)
