"""Looking up and changing limits. None commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from .buckets import Limit
from .classes import DEFAULTS, RouteClass, Subject
from .errors import LimitMissing, NotLimited
from .models import RateLimit
from .schemas import RateLimitOut, RateLimitSet

Own = Mapping[tuple[str, str, str], Limit]
"""(class, subject, id or empty) → what was set instead of the default."""


def own_limits(db: Session) -> Own:
    """Give what the workspace set."""
    rows = db.scalars(select(RateLimit))
    return {
        (row.route_class, row.subject, row.subject_id): Limit(row.per_minute, row.burst)
        for row in rows
    }


def limit_of(own: Own, kind: RouteClass, subject: Subject, subject_id: str) -> Limit | None:
    """Give the limit in force; the one named by id wins over everybody's, that over the default."""
    for known in (subject_id, ""):
        found = own.get((kind.value, subject.value, known))
        if found is not None:
            return found
    return DEFAULTS.get((kind, subject))


def shown(db: Session) -> list[RateLimitOut]:
    """Give defaults and what the workspace set."""
    rows = list(db.scalars(select(RateLimit).order_by(RateLimit.route_class, RateLimit.subject)))
    defaults = [
        RateLimitOut(
            id=None,
            route_class=kind,
            subject=subject,
            subject_id=None,
            per_minute=limit.per_minute,
            burst=limit.burst,
            updated_at=None,
            updated_by_name=None,
        )
        for (kind, subject), limit in DEFAULTS.items()
    ]
    return [*defaults, *(_out(row) for row in rows)]


def put(db: Session, actor: trail.Who, wanted: RateLimitSet) -> RateLimitOut:
    """Set what one, or everybody, may do.

    Raises:
        NotLimited: this class is not counted for that subject.
    """
    if (wanted.route_class, wanted.subject) not in DEFAULTS:
        raise NotLimited(f"{wanted.route_class} is not counted by {wanted.subject}.")
    named = str(wanted.subject_id) if wanted.subject_id else ""
    row = db.scalar(
        select(RateLimit).where(
            RateLimit.route_class == wanted.route_class.value,
            RateLimit.subject == wanted.subject.value,
            RateLimit.subject_id == named,
        )
    )
    before = {"per_minute": row.per_minute, "burst": row.burst} if row is not None else None
    if row is None:
        row = RateLimit(
            id=uuid.uuid4(),
            route_class=wanted.route_class.value,
            subject=wanted.subject.value,
            subject_id=named,
        )
        db.add(row)
    row.per_minute, row.burst = wanted.per_minute, wanted.burst or wanted.per_minute
    row.updated_at, row.updated_by_name = utcnow(), actor.name
    after = {"per_minute": row.per_minute, "burst": row.burst, "subject_id": named or None}
    _record(db, actor, "throttling.set_limit", row, before=before, after=after)
    return _out(row)


def remove(db: Session, actor: trail.Who, limit_id: uuid.UUID) -> None:
    """Go back to the default.

    Raises:
        LimitMissing: the workspace set no such limit.
    """
    row = db.scalar(select(RateLimit).where(RateLimit.id == limit_id))
    if row is None:
        raise LimitMissing("There is no such limit.")
    _record(db, actor, "throttling.delete_limit", row, before={"per_minute": row.per_minute})
    db.delete(row)


def _out(row: RateLimit) -> RateLimitOut:
    return RateLimitOut(
        id=row.id,
        route_class=RouteClass(row.route_class),
        subject=Subject(row.subject),
        subject_id=uuid.UUID(row.subject_id) if row.subject_id else None,
        per_minute=row.per_minute,
        burst=row.burst,
        updated_at=row.updated_at,
        updated_by_name=row.updated_by_name,
    )


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    row: RateLimit,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="rate_limit",
        object_id=row.id,
        object_name=f"{row.route_class} by {row.subject}",
        before=before,
        after=after,
    )
