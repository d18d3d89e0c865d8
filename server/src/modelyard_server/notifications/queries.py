"""Reads of channels and the delivery log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.http import Cursors, Page

from .models import Channel, Delivery
from .schemas import ChannelOut, DeliveryOut, DeliveryState

MAX_PAGE = 200


def channels_out(db: Session, rows: Sequence[Channel]) -> list[ChannelOut]:
    """Put channels into the wire shape, with how their deliveries went."""
    found = db.execute(
        select(
            Delivery.channel_id,
            func.max(Delivery.delivered_at),
            func.count().filter((Delivery.state == "dead") & (Delivery.event != "test")),
        )
        .where(Delivery.channel_id.in_([row.id for row in rows]))
        .group_by(Delivery.channel_id)
    )
    log = {channel_id: (last, dead) for channel_id, last, dead in found}
    return [_channel_out(row, *log.get(row.id, (None, 0))) for row in rows]


def deliveries(
    db: Session,
    cursors: Cursors,
    *,
    channel_id: uuid.UUID | None,
    state: DeliveryState | None,
    thread: str | None,
    cursor: str | None,
    limit: int,
) -> Page[DeliveryOut]:
    """Give the log, newest first."""
    limit = max(1, min(limit, MAX_PAGE))
    scope = f"{tenancy.workspace_of(db)}:deliveries:{channel_id}:{state}:{thread}"
    query = select(Delivery, Channel).join(
        Channel,
        (Channel.workspace_id == Delivery.workspace_id) & (Channel.id == Delivery.channel_id),
    )
    if channel_id is not None:
        query = query.where(Delivery.channel_id == channel_id)
    if state is not None:
        query = query.where(Delivery.state == state)
    if thread is not None:
        query = query.where(Delivery.thread == thread)
    if cursor is not None:
        at, row_id = cursors.open(scope, cursor)
        place = tuple_(Delivery.created_at, Delivery.id)
        query = query.where(place < (dt.datetime.fromisoformat(at), uuid.UUID(row_id)))
    query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit + 1)
    rows = db.execute(query).all()
    last = rows[limit - 1][0] if len(rows) > limit else None
    return Page(
        items=[delivery_out(row, channel) for row, channel in rows[:limit]],
        next_cursor=cursors.seal(scope, [last.created_at.isoformat(), last.id]) if last else None,
        total=None,
    )


def delivery_out(row: Delivery, channel: Channel) -> DeliveryOut:
    """Put one delivery into the wire shape."""
    return DeliveryOut.model_validate(
        {
            "channel_name": channel.name,
            "kind": channel.kind,
            **{
                name: getattr(row, name)
                for name in DeliveryOut.model_fields
                if name not in {"channel_name", "kind"}
            },
        }
    )


def _channel_out(row: Channel, last: dt.datetime | None, dead: int) -> ChannelOut:
    own = {n: getattr(row, n) for n in ChannelOut.model_fields if hasattr(row, n)}
    last_at = last if last is None or last.tzinfo else last.replace(tzinfo=dt.UTC)
    return ChannelOut.model_validate({**own, "last_delivered_at": last_at, "dead_letters": dead})
