"""When a step of a rollout began: not when it was asked for, but when the gateway follows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.workspaces.access import System

from . import shifting
from .errors import DeploymentMissing
from .lookup import get, revisions
from .models import Deployment, Revision
from .ports import Publisher
from .states import Status

FOLLOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look is about; a decision holds only while this has not changed."""

    number: int
    is_shared: bool
    weight: int
    old: int
    step: int
    since: dt.datetime
    until: dt.datetime | None
    is_followed: bool


def seen_of(deployment: Deployment, own: list[Revision]) -> Seen | None:
    """Give the revision that has to prove itself, and what it is compared with."""
    shared = deployment.candidate_number is not None
    number = deployment.candidate_number if shared else deployment.live_number
    old = deployment.live_number if shared else deployment.fallback_number
    revision = next((row for row in own if row.number == number), None)
    if revision is None or old is None or number is None:
        return None
    if not shared and revision.status not in (Status.ready, Status.degraded, Status.failed):
        return None
    state = revision.shift or {}
    began = state.get("since") or (revision.live_from or revision.created_at).isoformat()
    return Seen(
        number=number,
        is_shared=shared,
        weight=deployment.candidate_weight,
        old=old,
        step=int(state.get("step", 0)),
        since=dt.datetime.fromisoformat(began),
        until=None if shared else deployment.fallback_until,
        is_followed=bool(state.get("is_followed", True)),
    )


def start_clock(
    database: Database,
    workspace_id: int,
    deployment_id: uuid.UUID,
    publisher: Publisher,
    check: Callable[[], None] | None = None,
) -> None:
    """Publish; once the gateway follows, the step begins. A node that is down is waited for later.

    `check` is called while waiting and may raise to stop.
    """
    before = _now(database, workspace_id, deployment_id)
    if before is None or before.is_followed:
        publisher.now(workspace_id)
        return
    if not publisher.settle(FOLLOW_SECONDS, check, workspace_id):
        return
    with database.session(workspace_id) as db:
        try:
            deployment = get(db, System(workspace_id), deployment_id, lock=True)
        except DeploymentMissing:
            return
        own = revisions(db, deployment.id)
        if seen_of(deployment, own) != before:
            return
        now = utcnow()
        revision = next(row for row in own if row.number == before.number)
        shifting.noted(revision, since=now.isoformat(), is_followed=True)
        if before.until is not None:
            deployment.fallback_until = before.until + (now - before.since)


def _now(database: Database, workspace_id: int, deployment_id: uuid.UUID) -> Seen | None:
    with database.session(workspace_id, write=False) as db:
        try:
            deployment = get(db, System(workspace_id), deployment_id)
        except DeploymentMissing:
            return None
        return seen_of(deployment, revisions(db, deployment.id))
