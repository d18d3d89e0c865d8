"""Writes what a batch adds. Called inside the transaction that moves the journal position."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow

from . import constraint_counts, entities, latency, profile, safeguard_counts, shadowing
from .delta import MINUTE, Delta, Tally, Version
from .models import DriftProfile, DriftReference, LoggedPrediction, TrafficCount
from .reference import Reference

_MAX_KEYS = 200  # per lookup: SQLite limits a statement's variables


def apply(db: Session, delta: Delta, deployments: Collection[uuid.UUID]) -> None:
    """Add a batch; what belongs to other deployments was deleted meanwhile and is dropped."""
    _add_traffic(db, delta, deployments)
    rows = [row for row in delta.logged if row["deployment_id"] in deployments]
    if rows:
        db.execute(insert(LoggedPrediction.__table__), rows)  # type: ignore[arg-type]
    for deployment_id, about in delta.about.items():
        if deployment_id in deployments:
            entities.add(db, deployment_id, about)
    shadowing.apply(db, delta.copies, delta.shadowed, deployments)
    constraint_counts.add(db, delta.checked, deployments)
    safeguard_counts.add(db, delta.guarded, deployments)
    for (version, minute), counted in delta.profiles.items():
        if version[0] in deployments:
            add_profile(db, version, MINUTE, instant(minute), counted)


def _add_traffic(db: Session, delta: Delta, deployments: Collection[uuid.UUID]) -> None:
    workspace_id = tenancy.workspace_of(db)
    wanted = {
        (key[0], key[1], instant(key[2]), key[3]): (key[4], tally)
        for key, tally in delta.traffic.items()
        if key[0] in deployments
    }
    keys = list(wanted)
    columns = (
        TrafficCount.deployment_id,
        TrafficCount.resolution,
        TrafficCount.at,
        TrafficCount.revision,
    )
    for start in range(0, len(keys), _MAX_KEYS):
        part = keys[start : start + _MAX_KEYS]
        held = {
            (row.deployment_id, row.resolution, row.at, row.revision): row
            for row in db.scalars(select(TrafficCount).where(tuple_(*columns).in_(part)))
        }
        for key, row in held.items():
            _add(row, wanted[key][1])
        new = [_new(workspace_id, key, *wanted[key]) for key in part if key not in held]
        if new:
            db.execute(insert(TrafficCount.__table__), new)  # type: ignore[arg-type]
    db.flush()


def _new(
    workspace_id: int, key: tuple[uuid.UUID, int, dt.datetime, int], version: int, tally: Tally
) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "id": uuid.uuid4(),
        "deployment_id": key[0],
        "resolution": key[1],
        "at": key[2],
        "revision": key[3],
        "version": version,
        "requests": tally.requests,
        "errors_4xx": tally.errors_4xx,
        "errors_5xx": tally.errors_5xx,
        "latency": {str(bucket): calls for bucket, calls in tally.latency.items()},
    }


def _add(row: TrafficCount, tally: Tally) -> None:
    row.requests += tally.requests
    row.errors_4xx += tally.errors_4xx
    row.errors_5xx += tally.errors_5xx
    held = {int(bucket): count for bucket, count in row.latency.items()}
    row.latency = {str(b): n for b, n in latency.merge(held, tally.latency).items()}


def add_profile(
    db: Session,
    version: Version,
    resolution: int,
    at: dt.datetime,
    counted: profile.Profile,
    *,
    updated_at: dt.datetime | None = None,
) -> None:
    """Add counts to the profile of one stretch of time; `updated_at`: when they came, now."""
    row = db.scalar(
        select(DriftProfile).where(
            DriftProfile.deployment_id == version[0],
            DriftProfile.version == version[1],
            DriftProfile.resolution == resolution,
            DriftProfile.at == at,
        )
    )
    if row is None:
        db.add(
            DriftProfile(
                deployment_id=version[0],
                version=version[1],
                resolution=resolution,
                at=at,
                columns=profile.pack(counted),
                updated_at=updated_at or utcnow(),
            )
        )
    else:
        row.columns = profile.pack(profile.merge([profile.unpack(row.columns), counted]))
        row.updated_at = updated_at or utcnow()
    db.flush()


def keep_references(db: Session, changed: Mapping[Version, Reference]) -> None:
    """Store references that are new or have grown."""
    for (deployment_id, version), reference in changed.items():
        columns, pending = reference.pack()
        row = db.scalar(
            select(DriftReference).where(
                DriftReference.deployment_id == deployment_id, DriftReference.version == version
            )
        )
        if row is None:
            row = DriftReference(
                deployment_id=deployment_id,
                version=version,
                name=reference.name,
                created_at=utcnow(),
            )
            db.add(row)
        row.columns, row.pending = columns, pending
    db.flush()


def instant(seconds: int) -> dt.datetime:
    """Give the instant of epoch seconds."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
