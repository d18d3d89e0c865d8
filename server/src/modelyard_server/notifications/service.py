"""Channels: made, changed, removed; their secrets go in and never come out."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey

from .errors import (
    ChannelIncomplete,
    ChannelMissing,
    ChannelNameTaken,
    NothingToSign,
    TooManyChannels,
)
from .models import Channel
from .outbox import PURPOSE, send
from .pruning import prune
from .schemas import ChannelCreate, ChannelPatch

__all__ = ["change", "create", "every", "get", "named", "new_secret", "prune", "remove", "send"]

MAX_CHANNELS = 100
NEEDS = {
    "email": "recipients",
    "pagerduty": "routing_key",
    "slack": "url",
    "teams": "url",
    "webhook": "url",
}
_PLACES = frozenset(NEEDS.values())
_PAGERDUTY = "events.pagerduty.com"


def every(db: Session) -> list[Channel]:
    """Give all channels of the workspace, by name."""
    return list(db.scalars(select(Channel).order_by(Channel.name)))


def named(db: Session, channel_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Give the names of channels that exist."""
    rows = db.execute(select(Channel.id, Channel.name).where(Channel.id.in_(channel_ids)))
    return {row.id: row.name for row in rows}


def get(db: Session, channel_id: uuid.UUID, *, lock: bool = False) -> Channel:
    """Give one channel.

    Raises:
        ChannelMissing: there is none with this id.
    """
    query = select(Channel).where(Channel.id == channel_id)
    found = db.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise ChannelMissing("There is no such channel.")
    return found


def create(
    db: Session, actor: trail.Who, key: RootKey, wanted: ChannelCreate
) -> tuple[Channel, str | None]:
    """Make a channel; give it with the signing secret of a webhook.

    Raises:
        ChannelIncomplete: what its kind needs is not there.
        ChannelNameTaken, TooManyChannels: it cannot be made like that.
    """
    needed = NEEDS[wanted.kind]
    if not getattr(wanted, needed):
        raise ChannelIncomplete(
            f"A channel of kind {wanted.kind} needs {needed}.",
            fields=[{"location": needed, "problem": f"is needed for {wanted.kind}"}],
        )
    _refuse_other_places(wanted.kind, wanted.model_dump(exclude_defaults=True))
    if (db.scalar(select(func.count()).select_from(Channel)) or 0) >= MAX_CHANNELS:
        raise TooManyChannels(f"The workspace has {MAX_CHANNELS} channels; remove one first.")
    now = utcnow()
    signing = _signing_secret() if wanted.kind == "webhook" else None
    channel = Channel(
        id=uuid.uuid4(),
        name=wanted.name.strip(),
        kind=wanted.kind,
        recipients=[str(address) for address in wanted.recipients],
        is_default=wanted.is_default,
        least_severity=wanted.least_severity,
        hourly_cap=wanted.hourly_cap,
        created_at=now,
        updated_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    _seal(key, channel, {"url": wanted.url, "routing_key": wanted.routing_key, "secret": signing})
    _save(db, channel)
    _record(db, actor, "notifications.create_channel", channel, after=_facts(channel))
    return channel, signing


def change(
    db: Session, actor: trail.Who, key: RootKey, channel_id: uuid.UUID, wanted: ChannelPatch
) -> Channel:
    """Change a channel; secrets that are not given stay.

    Raises:
        ChannelMissing, ChannelNameTaken: it is not there, or another has the name.
        ChannelIncomplete: its kind goes nowhere like that.
    """
    channel = get(db, channel_id, lock=True)
    before = _facts(channel)
    given = wanted.model_dump(exclude_none=True)
    _refuse_other_places(channel.kind, given)
    new: dict[str, str | None] = {
        part: given.pop(part) for part in ("url", "routing_key") if part in given
    }
    for field, value in given.items():
        setattr(channel, field, value)
    _seal(key, channel, _opened(key, channel) | new)
    channel.updated_at = utcnow()
    _save(db, channel)
    after = {**_facts(channel), "address_changed": bool(new)}
    _record(db, actor, "notifications.change_channel", channel, before=before, after=after)
    return channel


def new_secret(db: Session, actor: trail.Who, key: RootKey, channel_id: uuid.UUID) -> str:
    """Give a webhook another signing secret; the old one signs nothing any more.

    Raises:
        ChannelMissing: there is none with this id.
        NothingToSign: its kind is not signed.
    """
    channel = get(db, channel_id, lock=True)
    if channel.kind != "webhook":
        raise NothingToSign(f"A channel of kind {channel.kind} has no signing secret.")
    secret = _signing_secret()
    _seal(key, channel, _opened(key, channel) | {"secret": secret})
    channel.updated_at = utcnow()
    _record(db, actor, "notifications.new_signing_secret", channel)
    return secret


def remove(db: Session, actor: trail.Who, channel_id: uuid.UUID) -> None:
    """Remove a channel with its log.

    Raises:
        ChannelMissing: there is none with this id.
    """
    channel = get(db, channel_id, lock=True)
    _record(db, actor, "notifications.remove_channel", channel, before=_facts(channel))
    db.delete(channel)


def _refuse_other_places(kind: str, given: dict[str, Any]) -> None:
    wrong = sorted(_PLACES & given.keys() - {NEEDS[kind]})
    if wrong:
        raise ChannelIncomplete(
            f"A channel of kind {kind} has no {wrong[0]}.",
            fields=[{"location": name, "problem": f"is not of {kind}"} for name in wrong],
        )


def _signing_secret() -> str:
    """Give a secret in the form of Standard Webhooks: 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _seal(key: RootKey, channel: Channel, parts: dict[str, str | None]) -> None:
    held = {name: value for name, value in parts.items() if value}
    channel.sealed = key.seal(PURPOSE, json.dumps(held)) if held else None
    channel.target = _target(channel, held)


def _opened(key: RootKey, channel: Channel) -> dict[str, str | None]:
    opened: dict[str, str | None] = (
        json.loads(key.open(PURPOSE, channel.sealed)) if channel.sealed else {}
    )
    return opened


def _target(channel: Channel, held: dict[str, str]) -> str:
    if channel.kind == "email":
        return ", ".join(channel.recipients)[:320]
    if channel.kind == "pagerduty":
        return _PAGERDUTY
    return (urlsplit(held["url"]).hostname or "")[:320]


def _save(db: Session, channel: Channel) -> None:
    name = channel.name
    with db.no_autoflush:
        query = select(Channel.id).where(Channel.name == name, Channel.id != channel.id)
        taken = db.scalar(query.limit(1)) is not None
    try:
        if not taken:
            db.add(channel)
            db.flush()
    except IntegrityError:  # somebody took it at this moment
        taken = True
    if taken:
        raise ChannelNameTaken(f"There is a channel named {name} already.")


def _facts(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "kind": channel.kind,
        "target": channel.target,
        "is_enabled": channel.is_enabled,
        "is_default": channel.is_default,
        "least_severity": channel.least_severity,
        "hourly_cap": channel.hourly_cap,
    }


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    channel: Channel,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="channel",
        object_id=channel.id,
        object_name=channel.name,
        before=before,
        after=after,
    )
