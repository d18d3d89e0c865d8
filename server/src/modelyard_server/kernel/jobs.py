"""A durable queue in a table: leased rows, heartbeats, fenced writes, at-least-once delivery.

A job is enqueued in the caller's transaction. A worker claims it with a lease and a token;
every later write names the token, so a worker that lost its lease can finish nothing.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import JSON, BigInteger, Index, String, Text, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from .clock import utcnow
from .db import Base, Database

log = structlog.get_logger("modelyard.jobs")
LEASE = dt.timedelta(seconds=15)
POLL_SECONDS = 0.5
_wake = threading.Event()


class Job(Base):
    """A unit of slow work. Platform table: `workspace_id` says whose work it is."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_run_at", "state", "run_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_workspace_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(80))
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    """Unique while the job is not finished; enqueueing the same key again changes nothing."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(8), default="ready")  # ready running done dead
    run_at: Mapped[dt.datetime]
    lease_until: Mapped[dt.datetime | None]
    token: Mapped[int] = mapped_column(BigInteger, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=5)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]


class LeaseLost(Exception):
    """Another worker has the job now; stop, and change nothing."""


@dataclass
class JobContext:
    """What a handler gets: the payload, the database, and the lease it must keep checking."""

    id: uuid.UUID
    kind: str
    workspace_id: int | None
    payload: dict[str, Any]
    attempt: int
    is_last_attempt: bool
    database: Database
    services: Any
    """Whatever `app.services` composed: settings, blob store, drivers."""
    token: int
    lost: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Stop here when the lease is gone.

        Raises:
            LeaseLost: another worker owns the job.
        """
        if self.lost.is_set():
            raise LeaseLost(self.kind)


Handler = Callable[[JobContext], None]
_handlers: dict[str, Handler] = {}


def handler(kind: str, *, max_attempts: int = 5) -> Callable[[Handler], Handler]:
    """Register the function that does jobs of a kind. It must be safe to run twice."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        _max_attempts[kind] = max_attempts
        return function

    return register


_max_attempts: dict[str, int] = {}


def enqueue(
    db: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    workspace_id: int | None,
    dedupe_key: str | None = None,
    delay: dt.timedelta = dt.timedelta(),
) -> None:
    """Add a job to the caller's transaction; it runs after the commit."""
    now = utcnow()
    if dedupe_key is not None and is_asked(db, dedupe_key):
        return
    db.add(
        Job(
            owner_workspace_id=workspace_id,
            kind=kind,
            dedupe_key=dedupe_key,
            payload=payload,
            run_at=now + delay,
            created_at=now,
            max_attempts=_max_attempts.get(kind, 5),
        )
    )
    _wake.set()


def is_asked(db: Session, dedupe_key: str) -> bool:
    """Tell whether a job with this key waits or runs."""
    return db.scalar(select(Job.id).where(Job.dedupe_key == dedupe_key)) is not None


def withdraw(db: Session, workspace_id: int) -> None:
    """Forget the jobs of a workspace that nobody has begun."""
    db.execute(delete(Job).where(Job.owner_workspace_id == workspace_id, Job.state == "ready"))


def claim(database: Database) -> Job | None:
    """Lease the next due job, or one whose worker died."""
    now = utcnow()
    due = (
        select(Job)
        .where(
            or_(
                (Job.state == "ready") & (Job.run_at <= now),
                (Job.state == "running") & (Job.lease_until < now),
            )
        )
        .order_by(Job.run_at)
        .limit(1)
    )
    with database.platform_session(write=False) as db:  # an idle poll takes no write lock
        if db.scalar(due) is None:
            return None
    with database.platform_session() as db:
        job = db.scalar(due.with_for_update(skip_locked=True))
        if job is None:
            return None
        job.state = "running"
        job.token += 1
        job.attempts += 1
        job.lease_until = now + LEASE
        return job


def release_leases(database: Database) -> int:
    """Return every running job to the queue; give their number.

    Only for the start of the one process that may work on a database: whoever held these leases is
    dead. A worker that is not dead after all can finish nothing, for the next claim fences it.
    """
    with database.platform_session() as db:
        released = db.execute(
            update(Job)
            .where(Job.state == "running")
            .values(state="ready", lease_until=None, token=Job.token + 1)
        )
        return int(released.rowcount)  # type: ignore[attr-defined]


def _write(database: Database, job: JobContext, **values: Any) -> bool:
    """Change the job only while its lease is ours."""
    with database.platform_session() as db:
        changed = db.execute(
            update(Job)
            .where(Job.id == job.id, Job.token == job.token, Job.state == "running")
            .values(**values)
        )
        return bool(changed.rowcount)  # type: ignore[attr-defined]


class Worker:
    """Threads that claim and run jobs until told to stop."""

    def __init__(self, database: Database, services: Any, *, threads: int = 3) -> None:
        self._database = database
        self._services = services
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, name=f"worker-{n}", daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        """Start claiming."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop claiming and wait for running handlers; unfinished jobs return to the queue."""
        self._stop.set()
        _wake.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.run_one()
            except Exception:
                log.exception("worker_failed")
                busy = False
            if not busy:
                _wake.wait(POLL_SECONDS)
                _wake.clear()

    def run_one(self) -> bool:
        """Run one due job; tell whether there was one."""
        claimed = claim(self._database)
        if claimed is None:
            return False
        job = JobContext(
            id=claimed.id,
            kind=claimed.kind,
            workspace_id=claimed.owner_workspace_id,
            payload=claimed.payload,
            attempt=claimed.attempts,
            is_last_attempt=claimed.attempts >= claimed.max_attempts,
            database=self._database,
            services=self._services,
            token=claimed.token,
        )
        done = threading.Event()
        beat = threading.Thread(target=self._heartbeat, args=(job, done), daemon=True)
        beat.start()
        try:
            _handlers[job.kind](job)
        except LeaseLost:
            log.warning("lease_lost", job=job.kind, id=str(job.id))
        except Exception as error:
            self._failed(job, error)
        else:
            _write(
                self._database,
                job,
                state="done",
                finished_at=utcnow(),
                lease_until=None,
                dedupe_key=None,
                last_error=None,
            )
        finally:
            done.set()
        return True

    def _failed(self, job: JobContext, error: Exception) -> None:
        log.exception("job_failed", job=job.kind, id=str(job.id), attempt=job.attempt)
        text = "".join(traceback.format_exception(error))[-4000:]
        if job.is_last_attempt:
            _write(
                self._database,
                job,
                state="dead",
                last_error=text,
                lease_until=None,
                finished_at=utcnow(),
                dedupe_key=None,
            )
            return
        pause = min(2**job.attempt * 2.0, 3600.0) * random.uniform(0.8, 1.2)  # noqa: S311
        _write(
            self._database,
            job,
            state="ready",
            last_error=text,
            lease_until=None,
            run_at=utcnow() + dt.timedelta(seconds=pause),
        )

    def _heartbeat(self, job: JobContext, done: threading.Event) -> None:
        while not done.wait(LEASE.total_seconds() / 3):
            try:
                kept = _write(self._database, job, lease_until=utcnow() + LEASE)
            except Exception:
                log.exception("heartbeat_failed", job=job.kind)
                continue
            if not kept:
                job.lost.set()
                return
