"""Data connections of outcomes: where they are, what opens them, which column is what.

Secrets are sealed, never told, and asked for anew when the place they belong to changes.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.egress import Egress

from . import outcome_queries
from .errors import OutcomeSourceIncomplete, OutcomeSourceUnknown
from .models import OutcomePull, OutcomeSource
from .outcome_source_schemas import (
    SHOWN_PULLS,
    BucketPlace,
    DatabasePlace,
    OutcomeColumns,
    OutcomeSourceLook,
    OutcomeSourceOut,
    OutcomeSourcePut,
    Place,
    PullCounts,
    PullOut,
    WebPlace,
)

PULL = "monitoring.pull_outcomes"
PURPOSE = "outcome-source"
UNKNOWN = "No data connection of outcomes was made for this deployment."
_NEEDED = {"postgresql": "password", "https": "url", "s3": "secret_access_key"}
_SECRETS = ("password", "url", "token", "secret_access_key")
_QUESTION = ("query", "growing", "object")
"""What may change without the secret being given again: it does not say where that is sent."""
_PLACE: TypeAdapter[Place] = TypeAdapter(Place)


def read(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> OutcomeSourceOut:
    """Give a deployment's data connection without its secrets, and its last pulls.

    Raises:
        DeploymentMissing: there is no such deployment.
        OutcomeSourceUnknown: it has none.
    """
    deployments.monitored_one(db, actor, deployment_id)
    return _out(db, _get(db, deployment_id))


def change(
    db: Session,
    actor: trail.Who,
    key: RootKey,
    egress: Egress,
    deployment_id: uuid.UUID,
    wanted: OutcomeSourcePut,
) -> OutcomeSourceOut:
    """Connect a deployment, or change its connection; a pull follows at once.

    Raises:
        DeploymentMissing: there is no such deployment.
        AddressRefused: the server may not call the address.
        OutcomeSourceIncomplete: its secret is missing, or the query is not one that reads.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = find(db, deployment_id, lock=True)
    before = _facts(row) if row else None
    place = _completed(key, row, wanted.place)
    egress.check(_address(place))
    columns = wanted.columns
    if row is None:
        row = OutcomeSource(deployment_id=deployment_id)
        db.add(row)
    elif opened(key, row) != place or OutcomeColumns.model_validate(row.columns) != columns:
        row.mark = None  # another place, or another question: read from its beginning
    shown, secrets = _parted(place)
    row.kind, row.place, row.target = place.kind, shown, _target(place)
    row.columns = columns.model_dump()
    row.sealed = key.seal(PURPOSE, json.dumps(secrets))
    row.every_minutes, row.is_enabled = wanted.every_minutes, wanted.is_enabled
    row.next_at = row.updated_at = utcnow()
    row.updated_by_name = actor.name
    if row.is_enabled:
        enqueue(db, row, actor.name)
    db.flush()
    _record(db, actor, "changed", deployment_id, subject.name, before=before, after=_facts(row))
    return _out(db, row)


def remove(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> None:
    """Disconnect a deployment; outcomes that were pulled stay.

    Raises:
        DeploymentMissing: there is no such deployment.
        OutcomeSourceUnknown: it has none.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    row = _get(db, deployment_id)
    _record(db, actor, "removed", deployment_id, subject.name, before=_facts(row))
    db.delete(row)
    db.execute(delete(OutcomePull).where(OutcomePull.deployment_id == deployment_id))


def place_to_look_at(
    db: Session,
    actor: trail.Who,
    key: RootKey,
    deployment_id: uuid.UUID,
    wanted: OutcomeSourceLook,
) -> Place:
    """Give a place with what opens it, before it is kept.

    Raises:
        DeploymentMissing: there is no such deployment.
        OutcomeSourceIncomplete: its secret is missing, or the query is not one that reads.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    place = _completed(key, find(db, deployment_id), wanted.place)
    after = {"target": _target(place)}
    _record(db, actor, "looked_at", deployment_id, subject.name, after=after)
    return place


def find(db: Session, deployment_id: uuid.UUID, *, lock: bool = False) -> OutcomeSource | None:
    """Give a deployment's connection, if it has one."""
    query = select(OutcomeSource).where(OutcomeSource.deployment_id == deployment_id)
    return db.scalar(query.with_for_update() if lock else query)


def enqueue(db: Session, row: OutcomeSource, asked_by_name: str | None = None) -> None:
    """Ask for a pull, unless one waits or runs; the next one is due an interval later."""
    row.next_at = utcnow() + dt.timedelta(minutes=row.every_minutes)
    jobs.enqueue(
        db,
        PULL,
        {"deployment_id": str(row.deployment_id), "asked_by_name": asked_by_name},
        workspace_id=tenancy.workspace_of(db),
        dedupe_key=_job_key(row),
    )


def enqueue_due(db: Session) -> None:
    """Ask for the pulls that are due; another server that does the same passes over them."""
    due = select(OutcomeSource).where(
        OutcomeSource.is_enabled.is_(True), OutcomeSource.next_at <= utcnow()
    )
    for row in db.scalars(due.with_for_update(skip_locked=True)).all():
        enqueue(db, row)


def opened(key: RootKey, row: OutcomeSource) -> Place:
    """Give a place with its secrets."""
    return _PLACE.validate_python(row.place | json.loads(key.open(PURPOSE, row.sealed)))


def _completed(key: RootKey, row: OutcomeSource | None, place: Place) -> Place:
    """Fill in secrets that are kept, where the rest of the place is the same, and judge it."""
    if isinstance(place, DatabasePlace):
        outcome_queries.as_select(place.query)
    if row is not None and row.kind == place.kind:
        place = _with_kept(place, opened(key, row))
    needed = _NEEDED[place.kind]
    if getattr(place, needed) is None:
        problem = "is needed" if row is None else "is needed again: the place has changed"
        raise OutcomeSourceIncomplete(
            f"The {needed.replace('_', ' ')} {problem}.",
            fields=[{"location": f"place.{needed}", "problem": problem}],
        )
    return place


def _with_kept(place: Place, kept: Place) -> Place:
    if isinstance(place, WebPlace) and isinstance(kept, WebPlace):
        is_same = place.url in (None, kept.url)
    else:
        where = {*_SECRETS, *_QUESTION}
        is_same = place.model_dump(exclude=where) == kept.model_dump(exclude=where)
    return place.model_copy(update=_parted(kept)[1] | _parted(place)[1]) if is_same else place


def _parted(place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    every = place.model_dump()
    secrets = {name: every.pop(name) for name in _SECRETS if every.get(name) is not None}
    return {name: value for name, value in every.items() if name not in _SECRETS}, secrets


def _address(place: Place) -> str:
    """Give the address that is to be judged."""
    if isinstance(place, DatabasePlace):
        host = f"[{place.host}]" if ":" in place.host else place.host
        return f"https://{host}:{place.port}"
    if isinstance(place, BucketPlace):
        return place.endpoint or f"https://s3.{place.region}.amazonaws.com"
    return place.url or ""


def _target(place: Place) -> str:
    """Say where it is, without what gives access."""
    if isinstance(place, DatabasePlace):
        return f"postgresql://{place.host}:{place.port}/{place.database}"
    if isinstance(place, BucketPlace):
        return f"s3://{place.bucket}/{place.object}"
    return (place.url or "").partition("?")[0]


def _job_key(row: OutcomeSource) -> str:
    return f"outcomes:{row.deployment_id}"


def _get(db: Session, deployment_id: uuid.UUID) -> OutcomeSource:
    row = find(db, deployment_id)
    if row is None:
        raise OutcomeSourceUnknown(UNKNOWN)
    return row


def _facts(row: OutcomeSource) -> dict[str, Any]:
    return {
        "target": row.target,
        "place": row.place,
        "columns": row.columns,
        "every_minutes": row.every_minutes,
        "is_enabled": row.is_enabled,
    }


def _record(
    db: Session,
    actor: trail.Who,
    what: str,
    deployment_id: uuid.UUID,
    name: str,
    **change: Any,
) -> None:
    trail.record(
        db,
        actor,
        f"monitoring.outcome_source_{what}",
        object_type="deployment",
        object_id=deployment_id,
        object_name=name,
        **change,
    )


def _out(db: Session, row: OutcomeSource) -> OutcomeSourceOut:
    pulls = db.scalars(
        select(OutcomePull)
        .where(OutcomePull.deployment_id == row.deployment_id)
        .order_by(OutcomePull.started_at.desc())
        .limit(SHOWN_PULLS)
    )
    return OutcomeSourceOut(
        place=row.place,
        columns=OutcomeColumns.model_validate(row.columns),
        target=row.target,
        every_minutes=row.every_minutes,
        is_enabled=row.is_enabled,
        is_pulling=jobs.is_asked(db, _job_key(row)),
        read_to=(row.mark or {}).get("at"),
        next_at=row.next_at,
        updated_at=row.updated_at,
        updated_by_name=row.updated_by_name,
        pulls=[_pull_out(pull) for pull in pulls],
    )


def _pull_out(pull: OutcomePull) -> PullOut:
    return PullOut(
        started_at=pull.started_at,
        ended_at=pull.ended_at,
        asked_by_name=pull.asked_by_name,
        counts=PullCounts.model_validate(pull.counts),
        error=pull.error,
    )
