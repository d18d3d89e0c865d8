"""The outbox: notices written with the change they tell of, delivered by jobs afterwards."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs, tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services

from . import retries
from .models import Channel, Delivery
from .ports import Address, ChannelAdapter, NotDelivered, Notice, Severity

DELIVER, DIGEST = "notifications.deliver", "notifications.digest"
PURPOSE = "notifications.channel"
UNCAPPED = frozenset({"digest", "test"})
_RANK: dict[str, int] = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Everything one attempt needs, read before anything is sent."""

    delivery_id: uuid.UUID
    number: int
    address: Address
    notice: Notice


def send(
    db: Session,
    notice: Notice,
    channel_ids: Sequence[uuid.UUID] = (),
    *,
    with_defaults: bool = True,
) -> int:
    """Put a notice into the outbox of named channels, and of the default ones.

    It leaves after the caller's commit. Channels that are off, or want graver things only, get
    nothing. Gives the number of channels.
    """
    meant = Channel.id.in_(channel_ids)
    wanted = select(Channel).where(
        Channel.is_enabled, or_(meant, Channel.is_default) if with_defaults else meant
    )
    reached = [c for c in db.scalars(wanted.order_by(Channel.name)) if _wants(c, notice.severity)]
    for channel in reached:
        put(db, channel.id, notice)
    return len(reached)


def put(db: Session, channel_id: uuid.UUID, notice: Notice, *, enqueued: bool = True) -> Delivery:
    """Write one outbox row, and the job that delivers it."""
    row = Delivery(
        id=uuid.uuid4(),
        channel_id=channel_id,
        event=notice.event,
        thread=notice.thread[:80],
        title=notice.title[:500],
        notice=notice.model_dump(mode="json"),
        state="waiting",
        created_at=utcnow(),
        next_at=utcnow(),
    )
    db.add(row)
    db.flush()
    if enqueued:
        enqueue(db, row)
    return row


def enqueue(db: Session, row: Delivery, pause: dt.timedelta = dt.timedelta()) -> None:
    """Plan the next attempt."""
    row.next_at = utcnow() + pause
    jobs.enqueue(
        db,
        DELIVER,
        {"delivery_id": str(row.id), "attempt": row.attempts},
        workspace_id=tenancy.workspace_of(db),
        dedupe_key=f"{DELIVER}:{row.id}:{row.attempts}",
        delay=pause,
    )


def prepare(
    db: Session, key: RootKey, delivery_id: uuid.UUID, number: int | None = None
) -> Attempt | None:
    """Read what an attempt needs; `None` when there is nothing to do now.

    A channel that has had enough for an hour keeps the notice for its digest.
    """
    row = db.scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update())
    channel = None if row is None else _channel(db, row.channel_id)
    if row is None or channel is None or row.state != "waiting":
        return None
    if number not in (None, row.attempts):
        return None  # a job that ran already, and was not marked done before its worker died
    if row.event not in UNCAPPED and row.attempts == 0:
        free_at = retries.free_at(_sent(db, channel.id), channel.hourly_cap, utcnow())
        if free_at is not None:
            _hold(db, row, free_at)
            return None
    return Attempt(row.id, row.attempts, opened(key, channel), Notice.model_validate(row.notice))


def opened(key: RootKey, channel: Channel) -> Address:
    """Give where a channel goes, with its secrets."""
    secrets = json.loads(key.open(PURPOSE, channel.sealed)) if channel.sealed else {}
    recipients = tuple(channel.recipients)
    return Address(kind=channel.kind, recipients=recipients, secrets=secrets)  # type: ignore[arg-type]


def attempt(services: Services, made: Attempt) -> NotDelivered | None:
    """Send, outside every transaction; give why it was not taken."""
    adapters = {a.kind: a for a in services.every(ChannelAdapter)}  # type: ignore[type-abstract]
    try:
        adapters[made.address.kind].send(made.address, made.notice, made.delivery_id)
    except NotDelivered as refused:
        return refused
    return None


def conclude(db: Session, made: Attempt, refused: NotDelivered | None) -> None:
    """Write what came of an attempt; a failed one is planned again until it is dead."""
    row = db.scalar(select(Delivery).where(Delivery.id == made.delivery_id).with_for_update())
    if row is None or row.state != "waiting" or row.attempts != made.number:
        return  # somebody else has concluded this attempt
    row.attempts += 1
    if refused is None:
        row.state, row.delivered_at = "delivered", utcnow()
        row.next_at = row.last_error = None
        return
    row.last_error = str(refused)[:1000]
    pause = None if refused.is_final else retries.pause_after(row.attempts)
    if pause is None or row.event == "test":
        row.state, row.next_at = "dead", None
        return
    enqueue(db, row, pause)


def run(
    database: Database, services: Services, workspace_id: int, delivery_id: uuid.UUID, number: int
) -> None:
    """Make one attempt: load, send, write."""
    key = services.get(RootKey)
    with database.session(workspace_id) as db:
        made = prepare(db, key, delivery_id, number)
    if made is None:
        return
    refused = attempt(services, made)
    with database.session(workspace_id) as db:
        conclude(db, made, refused)


def collect(db: Session, channel_id: uuid.UUID) -> Delivery | None:
    """Put everything a channel holds back into one digest."""
    rows = db.scalars(
        select(Delivery)
        .where(Delivery.channel_id == channel_id, Delivery.state == "held")
        .order_by(Delivery.created_at, Delivery.id)
        .with_for_update()
    ).all()
    if not rows:
        return None
    for row in rows:
        row.state = "digested"
    return put(db, channel_id, _digest(channel_id, rows))


def _digest(channel_id: uuid.UUID, rows: Sequence[Delivery]) -> Notice:
    shown = [f"• {row.title}" for row in rows[:20]]
    more = [f"… and {len(rows) - 20} more."] if len(rows) > 20 else []
    gravest = max((str(row.notice["severity"]) for row in rows), key=lambda s: _RANK[s])
    title = f"{len(rows)} notices were held back"
    return Notice(
        event="digest",
        thread=f"digest-{channel_id}",
        subject="Notices held back by the hourly limit",
        title=title,
        text="\n".join(["This channel had its hourly number of messages.", *shown, *more]),
        severity=gravest,
        at=utcnow(),
        link=next((row.notice["link"] for row in rows if row.notice.get("link")), None),
        details={"held": len(rows)},
    )


def _hold(db: Session, row: Delivery, free_at: dt.datetime) -> None:
    row.state, row.next_at = "held", free_at
    jobs.enqueue(
        db,
        DIGEST,
        {"channel_id": str(row.channel_id)},
        workspace_id=tenancy.workspace_of(db),
        dedupe_key=f"{DIGEST}:{row.channel_id}",
        delay=free_at - utcnow(),
    )


def _sent(db: Session, channel_id: uuid.UUID) -> list[dt.datetime]:
    rows = db.scalars(
        select(Delivery.delivered_at).where(
            Delivery.channel_id == channel_id,
            Delivery.state == "delivered",
            Delivery.event.not_in(UNCAPPED),
            Delivery.delivered_at > utcnow() - retries.HOUR,
        )
    )
    return [at for at in rows if at is not None]


def _channel(db: Session, channel_id: uuid.UUID) -> Channel | None:
    return db.scalar(select(Channel).where(Channel.id == channel_id).with_for_update())


def _wants(channel: Channel, severity: Severity) -> bool:
    return _RANK[severity] >= _RANK[channel.least_severity]
