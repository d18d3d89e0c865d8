"""HTTP of channels and deliveries."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Database, Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.late import LateAnswer
from modelyard_server.kernel.services import Services, provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import letters, outbox, queries, service
from .errors import NoMailServer
from .schemas import (
    ChannelCreate,
    ChannelMade,
    ChannelOut,
    ChannelPatch,
    DeliveryOut,
    DeliveryState,
    SigningSecret,
    TestOut,
)

router = APIRouter(prefix="/api/v1", tags=["notifications"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.channels_read)]
Keeper = Annotated[Actor, allowed(Permission.channels_manage)]
Key = Annotated[RootKey, provided(RootKey)]
Configured = Annotated[Settings, provided(Settings)]


@router.get("/channels")
def list_channels(db: Db, actor: Reader) -> list[ChannelOut]:  # noqa: ARG001
    """List the workspace's channels by name."""
    return queries.channels_out(db, service.every(db))


@router.post("/channels", status_code=201)
def create_channel(
    body: ChannelCreate, db: Db, actor: Keeper, key: Key, settings: Configured
) -> ChannelMade:
    """Make a channel. The answer has the signing secret of a webhook, once."""
    if body.kind == "email" and not settings.smtp_url:
        raise NoMailServer("This installation has no mail server: set MODELYARD_SMTP_URL.")
    channel, secret = service.create(db, actor, key, body)
    shown = queries.channels_out(db, [channel])[0]
    return ChannelMade(**shown.model_dump(), signing_secret=secret)


@router.get("/channels/{channel_id}")
def get_channel(channel_id: uuid.UUID, db: Db, actor: Reader) -> ChannelOut:  # noqa: ARG001
    """Show one channel."""
    return queries.channels_out(db, [service.get(db, channel_id)])[0]


@router.patch("/channels/{channel_id}")
def change_channel(
    channel_id: uuid.UUID, body: ChannelPatch, db: Db, actor: Keeper, key: Key
) -> ChannelOut:
    """Change a channel; what is left out stays, also its secrets."""
    return queries.channels_out(db, [service.change(db, actor, key, channel_id, body)])[0]


@router.delete("/channels/{channel_id}", status_code=204)
def delete_channel(channel_id: uuid.UUID, db: Db, actor: Keeper) -> None:
    """Remove a channel with its delivery log."""
    service.remove(db, actor, channel_id)


@router.post("/channels/{channel_id}/secret")
def new_signing_secret(channel_id: uuid.UUID, db: Db, actor: Keeper, key: Key) -> SigningSecret:
    """Give a webhook another signing secret, shown here only."""
    return SigningSecret(signing_secret=service.new_secret(db, actor, key, channel_id))


@router.post("/channels/{channel_id}/test", response_model=TestOut)
def test_channel(
    channel_id: uuid.UUID,
    request: Request,
    db: Db,
    actor: Keeper,
    database: Annotated[Database, provided(Database)],
    settings: Configured,
) -> LateAnswer:
    """Send a test message now, and say whether it was taken."""
    services: Services = request.app.state.services
    link = f"{settings.browser_url}/w/{actor.workspace_slug}/settings/channels"
    row = letters.test_of(db, actor, channel_id, link)

    def answer() -> TestOut:
        with database.session(actor.workspace_id) as later:
            made = outbox.prepare(later, services.get(RootKey), row.id)
        if made is None:
            return TestOut(delivered=False, error="The channel was removed meanwhile.")
        refused = outbox.attempt(services, made)
        with database.session(actor.workspace_id) as later:
            outbox.conclude(later, made, refused)
        return TestOut(delivered=refused is None, error=None if refused is None else str(refused))

    return LateAnswer(answer)


@router.get("/deliveries")
def list_deliveries(
    db: Db,
    actor: Reader,  # noqa: ARG001
    codec: Annotated[Cursors, Depends(cursors)],
    channel_id: uuid.UUID | None = None,
    state: DeliveryState | None = None,
    thread: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[DeliveryOut]:
    """Give what was said over channels, newest first; `state=dead` lists the dead letters."""
    return queries.deliveries(
        db,
        codec,
        channel_id=channel_id,
        state=state,
        thread=thread,
        cursor=cursor,
        limit=limit,
    )


@router.post("/deliveries/{delivery_id}/replay", status_code=202)
def replay_delivery(delivery_id: uuid.UUID, db: Db, actor: Keeper) -> DeliveryOut:
    """Send a dead letter again."""
    return queries.delivery_out(*letters.replay(db, actor, delivery_id))
