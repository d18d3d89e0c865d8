"""Addresses of comments, the inbox and the activity feed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from modelyard_server.audit import service as audit
from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import every, provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import inbox, resources, schemas, service, views
from .ports import Commentable

router = APIRouter(prefix="/api/v1", tags=["collaboration"])
routers = [router]
Reader = Annotated[Actor, allowed(Permission.comments_read)]
Writer = Annotated[Actor, allowed(Permission.comments_write)]
Member = Annotated[Actor, allowed(Permission.inbox_use)]
Kinds = Annotated[list[Commentable], every(Commentable)]
Codec = Annotated[http.Cursors, Depends(http.cursors)]
Kind = Annotated[str, Query(max_length=40)]
ResourceId = Annotated[str, Query(max_length=80)]


def desk(
    request: Request, kinds: Kinds, mailer: Annotated[Mailer, provided(Mailer)]
) -> service.Desk:
    """Give what saying something needs (a FastAPI dependency)."""
    return service.Desk(kinds, mailer, request.app.state.settings.browser_url)


Desk = Annotated[service.Desk, Depends(desk)]


@router.get("/comments")
def list_comments(
    db: Db,
    actor: Reader,
    kinds: Kinds,
    codec: Codec,
    resource_type: Kind,
    resource_id: ResourceId,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page[schemas.ThreadOut]:
    """List the threads about a run, model or version, oldest first."""
    scope = f"{actor.workspace_id}:comments:{resource_type}:{resource_id}"
    after = _position(codec, scope, cursor)
    found = service.threads(
        db, actor, kinds, resource_type, resource_id, after=after, limit=limit + 1
    )
    page = found[:limit]
    last = page[-1][0] if len(found) > limit else None
    sealed = codec.seal(scope, [last.created_at.isoformat(), last.id]) if last else None
    people = service.people(db, actor)
    items = [views.thread_out(actor, thread, people) for thread in page]
    return Page(items=items, next_cursor=sealed, total=None)


@router.post("/comments", status_code=201)
def create_comment(
    body: schemas.CommentCreate, db: Db, actor: Writer, desk: Desk
) -> schemas.CommentOut:
    """Comment, or reply in a thread. `@name` tells a member, in the app and by mail."""
    comment = service.say(
        db,
        actor,
        desk,
        kind=body.resource_type,
        resource_id=body.resource_id,
        body=body.body,
        thread_id=body.thread_id,
    )
    return views.comment_out(actor, comment, service.people(db, actor))


@router.get("/comments/people")
def list_people(db: Db, actor: Reader) -> list[schemas.PersonOut]:
    """List who can be mentioned, and by which name."""
    found = service.people(db, actor)
    return [
        schemas.PersonOut(user_id=person.user_id, display_name=person.display_name, handle=handle)
        for handle, person in found.items()
    ]


@router.patch("/comments/{comment_id}")
def update_comment(
    comment_id: uuid.UUID, body: schemas.CommentPatch, db: Db, actor: Writer, desk: Desk
) -> schemas.CommentOut:
    """Change your own comment."""
    comment = service.rewrite(db, actor, desk, comment_id, body.body)
    return views.comment_out(actor, comment, service.people(db, actor))


@router.delete("/comments/{comment_id}", status_code=204)
def delete_comment(comment_id: uuid.UUID, db: Db, actor: Writer, desk: Desk) -> None:
    """Delete your own comment, or as an admin anybody's. The thread shows that one was there."""
    service.take_back(db, actor, desk, comment_id)


@router.post("/comments/{comment_id}/resolve", status_code=204)
def resolve_thread(comment_id: uuid.UUID, db: Db, actor: Writer, desk: Desk) -> None:
    """Say that nothing is open in a thread."""
    service.settle(db, actor, desk, comment_id, is_resolved=True)


@router.post("/comments/{comment_id}/reopen", status_code=204)
def reopen_thread(comment_id: uuid.UUID, db: Db, actor: Writer, desk: Desk) -> None:
    """Open a resolved thread again."""
    service.settle(db, actor, desk, comment_id, is_resolved=False)


@router.get("/inbox")
def list_inbox(
    db: Db,
    actor: Member,
    codec: Codec,
    unread_only: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[schemas.InboxItemOut]:
    """List what you should see, newest first."""
    scope = f"{actor.workspace_id}:inbox:{actor.id}:{unread_only}"
    after = _position(codec, scope, cursor)
    found = inbox.items(db, actor, unread_only=unread_only, after=after, limit=limit + 1)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    sealed = codec.seal(scope, [last.created_at.isoformat(), last.id]) if last else None
    items = [schemas.InboxItemOut.model_validate(row, from_attributes=True) for row in page]
    return Page(items=items, next_cursor=sealed, total=None)


@router.get("/inbox/unread")
def count_unread(db: Db, actor: Member) -> schemas.UnreadOut:
    """Count what you have not seen."""
    return schemas.UnreadOut(unread=inbox.unread(db, actor))


@router.post("/inbox/read")
def read_everything(db: Db, actor: Member) -> schemas.UnreadOut:
    """Mark everything as seen."""
    inbox.mark_all(db, actor)
    return schemas.UnreadOut(unread=0)


@router.put("/inbox/{item_id}/read", status_code=204)
def read_item(item_id: uuid.UUID, db: Db, actor: Member) -> None:
    """Mark one item as seen."""
    inbox.mark(db, actor, item_id, is_read=True)


@router.delete("/inbox/{item_id}/read", status_code=204)
def unread_item(item_id: uuid.UUID, db: Db, actor: Member) -> None:
    """Mark one item as not seen yet."""
    inbox.mark(db, actor, item_id, is_read=False)


@router.get("/activity")
def list_activity(
    db: Db,
    actor: Reader,
    kinds: Kinds,
    codec: Codec,
    resource_type: Annotated[str | None, Query(max_length=40)] = None,
    resource_id: Annotated[str | None, Query(max_length=80)] = None,
    area: Annotated[str | None, Query(max_length=40, pattern="^[a-z_]+$")] = None,
    actor_id: uuid.UUID | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[schemas.FeedEventOut]:
    """List what happened, newest first: in the workspace, or to one run, model or version."""
    types: tuple[str, ...] = ()
    if resource_type is not None or resource_id is not None:
        known, _ = resources.find(db, actor, kinds, resource_type or "", resource_id or "")
        types = (known.kind, *known.parts)
    wanted = audit.Subject(types, resource_id, area, actor_id)
    scope = f"{actor.workspace_id}:activity:{wanted}"
    after = _position(codec, scope, cursor)
    found = audit.feed(db, actor, wanted, after=after, limit=limit + 1)
    page = found[:limit]
    last = page[-1] if len(found) > limit else None
    sealed = codec.seal(scope, [last.at.isoformat(), last.id]) if last else None
    items = [schemas.FeedEventOut.model_validate(row, from_attributes=True) for row in page]
    return Page(items=items, next_cursor=sealed, total=None)


def _position(codec: http.Cursors, scope: str, cursor: str | None) -> inbox.Position | None:
    if cursor is None:
        return None
    at, row_id = codec.open(scope, cursor)
    return dt.datetime.fromisoformat(at), uuid.UUID(row_id)
