"""Moves traffic between revisions, in the caller's transaction. Servers follow the publication."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from . import history
from .history import Change
from .lookup import standing
from .models import Deployment, Revision
from .states import Status, moved


def go_live(
    db: Session,
    deployment: Deployment,
    own: Sequence[Revision],
    revision: Revision,
    change: Change,
    *,
    keep_seconds: int,
) -> None:
    """Give all traffic to a revision; the one before it stands by for a while."""
    before = deployment.live_number
    keeps = keep_seconds > 0 and before not in (None, revision.number)
    for row in own:
        if row.number == before and row is not revision:
            row.live_until = change.at
            row.status = Status.standby if keeps else Status.stopping
            row.status_reason = f"Replaced by revision {revision.number}."
        elif row.number == deployment.fallback_number and row is not revision:
            _retire(row, f"Replaced by revision {revision.number}.")
    revision.status = moved(Status(revision.status), Status.ready, is_live=False)
    revision.status_reason = None
    revision.log_tail = []
    revision.live_from, revision.live_until = revision.live_from or change.at, None
    deployment.live_number = revision.number
    deployment.candidate_number = None
    deployment.candidate_weight = deployment.shadow_percent = 0
    deployment.fallback_number = before if keeps else None
    deployment.fallback_until = change.at + dt.timedelta(seconds=keep_seconds) if keeps else None
    standing(deployment, own)
    history.shift(db, deployment, own, weights(deployment), change)


def share(
    db: Session,
    deployment: Deployment,
    own: Sequence[Revision],
    revision: Revision,
    weight: int,
    change: Change,
    *,
    step: int,
) -> None:
    """Give a part of the traffic to a revision that is being rolled out."""
    revision.status = moved(Status(revision.status), Status.shifting, is_live=False)
    revision.status_reason = f"Gets {weight} % of the traffic."
    begun(revision, step, change)
    deployment.candidate_number, deployment.candidate_weight = revision.number, weight
    deployment.shadow_percent = 0
    standing(deployment, own)
    history.shift(db, deployment, own, weights(deployment), change)


def mirror(
    deployment: Deployment, own: Sequence[Revision], revision: Revision, change: Change
) -> None:
    """Give copies of a share of the calls to a revision that answers nobody."""
    percent = int((revision.strategy or {}).get("percent", 1))
    revision.status = moved(Status(revision.status), Status.shifting, is_live=False)
    revision.status_reason = f"Gets copies of {percent} % of the calls; nobody waits for it."
    begun(revision, 0, change)
    deployment.candidate_number, deployment.candidate_weight = revision.number, 0
    deployment.shadow_percent = percent
    standing(deployment, own)


def take_back(
    db: Session,
    deployment: Deployment,
    own: Sequence[Revision],
    change: Change,
    status: Status = Status.failed,
) -> Revision | None:
    """Give all traffic back to the revision that served before; gives the one that lost it.

    That is the candidate while traffic is shared, and the live one while the old stands by.
    """
    if deployment.candidate_number is not None:
        bad = _numbered(own, deployment.candidate_number)
        deployment.candidate_number = None
        deployment.candidate_weight = deployment.shadow_percent = 0
    elif deployment.fallback_number is not None:
        bad, good = (
            _numbered(own, deployment.live_number),
            _numbered(own, deployment.fallback_number),
        )
        good.status, good.status_reason, good.live_until = Status.ready, None, None
        deployment.live_number = good.number
        deployment.fallback_number = deployment.fallback_until = None
        bad.live_until = change.at
    else:
        return None
    bad.status, bad.status_reason, bad.has_server = status, change.reason, False
    end_steps(bad, change.reason, change.at)
    standing(deployment, own)
    history.shift(db, deployment, own, weights(deployment), change)
    return bad


def end_steps(revision: Revision, reason: str | None, at: dt.datetime) -> None:
    """End the step that runs in a rollout which goes no further, and say why."""
    detail = f"Ended: {reason}" if reason else "Ended."
    ended = {"status": "done", "detail": detail, "finished_at": at.isoformat()}
    revision.steps = [
        {**step, **ended} if step["status"] == "running" else step for step in revision.steps
    ]


def end_standby(deployment: Deployment, own: Sequence[Revision], reason: str) -> None:
    """Let the old revision's server go."""
    if deployment.fallback_number is not None:
        _retire(_numbered(own, deployment.fallback_number), reason)
    deployment.fallback_number = deployment.fallback_until = None


def weights(deployment: Deployment) -> dict[int, int]:
    """Give the shares of traffic by revision number; they sum to 100, or there are none."""
    if deployment.live_number is None:
        return {}
    found = {deployment.live_number: 100 - deployment.candidate_weight}
    if deployment.candidate_number is not None and deployment.shares_traffic:
        found[deployment.candidate_number] = deployment.candidate_weight
    return found


def begun(revision: Revision, step: int, change: Change) -> None:
    """Begin a step; its clock starts when the gateway follows, see `watch.start_clock`."""
    noted(revision, step=step, since=change.at.isoformat(), is_followed=False)


def noted(revision: Revision, **facts: Any) -> None:
    """Remember what was measured; a new dict, so that the change is seen."""
    revision.shift = {**(revision.shift or {}), **facts}


def _retire(row: Revision, reason: str) -> None:
    row.status, row.status_reason, row.has_server = Status.stopping, reason, False


def _numbered(own: Sequence[Revision], number: int | None) -> Revision:
    return next(row for row in own if row.number == number)
