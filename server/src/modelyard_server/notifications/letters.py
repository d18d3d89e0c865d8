"""Dead letters that are sent again, and test messages."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import outbox, service
from .errors import DeliveryMissing, NothingToReplay
from .models import Channel, Delivery
from .ports import Fact, Notice


def replay(db: Session, actor: trail.Who, delivery_id: uuid.UUID) -> tuple[Delivery, Channel]:
    """Send a dead letter again, with all its attempts.

    Raises:
        DeliveryMissing: there is none with this id.
        NothingToReplay: it is not dead.
    """
    row = db.scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update())
    if row is None:
        raise DeliveryMissing("There is no such delivery.")
    if row.state != "dead":
        raise NothingToReplay(f"The delivery is {row.state}; only dead letters are sent again.")
    channel = service.get(db, row.channel_id)
    row.state, row.attempts = "waiting", 0
    outbox.enqueue(db, row)
    trail.record(
        db,
        actor,
        "notifications.replay",
        object_type="channel",
        object_id=channel.id,
        object_name=channel.name,
        after={"delivery_id": row.id, "title": row.title, "last_error": row.last_error},
    )
    return row, channel


def test_of(db: Session, actor: trail.Who, channel_id: uuid.UUID, link: str) -> Delivery:
    """Write a test message for a channel; the caller makes the attempt after the commit.

    Raises:
        ChannelMissing: there is none with this id.
    """
    channel = service.get(db, channel_id)
    notice = Notice(
        event="test",
        thread=f"test-{uuid.uuid4().hex}",
        subject="Test message",
        title=f"Test message from {actor.name}",
        text=f"The channel “{channel.name}” works. Nothing is wrong.",
        severity="info",
        facts=[Fact(name="Channel", value=channel.name), Fact(name="Sent by", value=actor.name)],
        link=link,
        at=utcnow(),
    )
    trail.record(
        db,
        actor,
        "notifications.test_channel",
        object_type="channel",
        object_id=channel.id,
        object_name=channel.name,
    )
    return outbox.put(db, channel.id, notice, enqueued=False)
