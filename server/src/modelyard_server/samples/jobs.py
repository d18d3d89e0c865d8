"""Jobs of samples: each runs the project's steps and records how far it is."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from modelyard_server.identity.lending import lent_token
from modelyard_server.kernel.jobs import JobContext, LeaseLost, handler
from modelyard_server.registry import service as registry
from modelyard_server.settings import Settings
from modelyard_server.tracking import service as tracking
from modelyard_server.workspaces.access import System

from . import catalogue, service
from .models import InstalledSample
from .project import Made, Project, SampleFailed, Say

LIFETIME = dt.timedelta(minutes=30)


@handler(service.INSTALL, max_attempts=3)
def install(job: JobContext) -> None:
    """Do the steps that are not done yet."""

    def work(project: Project) -> None:
        for key, action in (
            ("train", project.train),
            ("register", project.register),
            ("deploy", project.deploy),
            ("traffic", project.send_traffic),
            ("drift", project.await_verdict),
        ):
            _step(job, key, action)
            if key == "register":
                _mark_model(job)
        _change(job, status="ready")

    _carry_out(job, work)


@handler(service.REPLAY, max_attempts=1)
def replay(job: JobContext) -> None:
    """Send traffic again, shifted if asked."""

    def work(project: Project) -> None:
        project.drift, project.rows = bool(job.payload["drift"]), int(job.payload["rows"])
        _step(job, "traffic", project.send_traffic)
        _step(job, "drift", project.await_verdict)
        _change(job, status="ready")

    _carry_out(job, work)


@handler(service.REMOVE, max_attempts=3)
def remove(job: JobContext) -> None:
    """Remove everything the sample made; the row goes last, so a crash goes on here."""

    def work(project: Project) -> None:
        project.remove_deployment()
        project.remove_model()
        experiment_id = project.experiment_id()
        workspace_id = _workspace(job)
        with job.database.session(workspace_id) as db:
            if experiment_id is not None:
                tracking.delete_experiment_permanently(db, System(workspace_id), experiment_id)
            row = _row(db, job)
            if row is not None:
                db.delete(row)

    _carry_out(job, work)


def _carry_out(job: JobContext, work: Callable[[Project], None]) -> None:
    settings: Settings = job.services.get(Settings)
    sample = catalogue.sample(job.payload["key"])
    with lent_token(
        job.database,
        workspace_id=_workspace(job),
        user_id=uuid.UUID(job.payload["user_id"]),
        role=job.payload["role"],
        purpose=f"Sample project: {sample.title}",
        lifetime=LIFETIME,
    ) as token:
        project = Project(sample, f"http://127.0.0.1:{settings.port}", token, check=job.check)
        try:
            work(project)
        except SampleFailed as failure:
            _change(job, status="failed", error=str(failure))
        except LeaseLost:
            raise
        except Exception as error:
            if job.is_last_attempt:
                _change(job, status="failed", error=f"{type(error).__name__}: {error}")
            raise
        finally:
            project.close()


def _mark_model(job: JobContext) -> None:
    workspace_id = _workspace(job)
    with job.database.session(workspace_id) as db:
        row = _row(db, job)
        if row is not None and row.model_id is not None:
            registry.mark_as_sample(db, System(workspace_id), row.model_id)


def _step(job: JobContext, key: str, action: Callable[[Say], Made]) -> None:
    with job.database.session(_workspace(job), write=False) as db:
        row = _row(db, job)
        if row is None or any(s["key"] == key and s["status"] == "done" for s in row.steps):
            return
    began = time.monotonic()

    def say(detail: str, status: str = "running") -> None:
        seconds = round(time.monotonic() - began, 1)
        _change(job, step=(key, {"status": status, "detail": detail, "seconds": seconds}))

    say("")
    try:
        made = action(say)
    except SampleFailed as failure:
        say(str(failure), "failed")
        raise
    say(made.detail, "done")
    if made.facts:
        _change(job, **made.facts)


def _change(job: JobContext, step: tuple[str, dict[str, Any]] | None = None, **facts: Any) -> None:
    job.check()
    with job.database.session(_workspace(job)) as db:
        row = _row(db, job)
        if row is None:
            return
        if step is not None:
            row.steps = catalogue.with_step(row.steps, step[0], **step[1])
        for name, value in facts.items():
            setattr(row, name, value)


def _row(db: Any, job: JobContext) -> InstalledSample | None:
    row: InstalledSample | None = db.scalar(
        select(InstalledSample).where(InstalledSample.key == job.payload["key"])
    )
    return row


def _workspace(job: JobContext) -> int:
    if job.workspace_id is None:
        raise ValueError("A sample belongs to a workspace.")
    return job.workspace_id
