"""Removal of content that no path holds any more."""

from __future__ import annotations

import datetime as dt
import uuid

from modelyard_server.kernel import jobs
from modelyard_server.kernel.clock import utcnow
from modelyard_server.settings import Settings

from . import collecting, collections, service, uploads
from .collecting import Collector, Report
from .models import CollectionState
from .ports import BlobStore, Expiry


@jobs.handler("artifacts.collect")
def collect(job: jobs.JobContext) -> None:
    """Remove the content that a deletion let go of, unless a path holds it again."""
    blobs = job.services.get(BlobStore)
    assert job.workspace_id is not None  # noqa: S101 - only enqueued inside workspaces
    for sha256 in job.payload["sha256"]:
        job.check()
        with job.database.session(job.workspace_id) as db:
            service.remove_if_unused(db, blobs, sha256)


@jobs.handler("artifacts.forget_abandoned")
def forget_abandoned(job: jobs.JobContext) -> None:
    """Remove the parts of an upload that nobody went on with."""
    assert job.workspace_id is not None  # noqa: S101 - only enqueued inside workspaces
    with job.database.session(job.workspace_id) as db:
        uploads.forget_abandoned(db, uuid.UUID(job.payload["upload_id"]))


@jobs.handler(collections.COLLECT, max_attempts=4)
def collect_garbage(job: jobs.JobContext) -> None:
    """Look through a workspace's store; mark and remove, unless it is a dry run."""
    assert job.workspace_id is not None  # noqa: S101 - only enqueued inside workspaces
    known = uuid.UUID(job.payload["collection_id"])
    with job.database.session(job.workspace_id) as db:
        row = collections.get(db, known)
        row.state = CollectionState.running
        is_dry_run = row.is_dry_run
    try:
        report = _collected(job, known, is_dry_run=is_dry_run)
    except jobs.LeaseLost:
        raise
    except Exception as error:
        if job.is_last_attempt:
            with job.database.session(job.workspace_id) as db:
                collections.finish(db, known, None, error=str(error)[:2000])
        raise
    job.check()
    with job.database.session(job.workspace_id) as db:
        collections.finish(db, known, report)


def _collected(job: jobs.JobContext, collection_id: uuid.UUID, *, is_dry_run: bool) -> Report:
    assert job.workspace_id is not None  # noqa: S101 - checked by the caller
    hours = job.services.get(Settings).artifact_grace_hours
    collector = Collector(
        job.database,
        job.services.get(BlobStore),
        job.workspace_id,
        dt.timedelta(hours=hours),
        job.check,
    )
    bins = job.services.every(Expiry)
    now = utcnow()
    with job.database.session(job.workspace_id, write=False) as db:
        expired = [one for each in bins for one in each.due(db, now)]
    if not is_dry_run:
        for each in bins:
            while _expired_some(job, collection_id, each, now):
                job.check()
        collector.sweep(collection_id, now)  # before the look, which forgets what has vanished
    report = collector.look(now, mark=not is_dry_run)
    collecting.expired_as_json(report, expired)
    return report


def _expired_some(
    job: jobs.JobContext, collection_id: uuid.UUID, bin_: Expiry, now: dt.datetime
) -> bool:
    assert job.workspace_id is not None  # noqa: S101 - checked by the caller
    with job.database.session(job.workspace_id) as db:
        count = bin_.remove(db, now)
        collections.count_expired(db, collection_id, count)
    return count > 0
