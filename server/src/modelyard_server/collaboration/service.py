"""Comments on anything: say, change, take back, settle."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces import members
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission

from . import inbox, resources
from .errors import AlreadyDeleted, CommentMissing, NotYours, ThreadFull
from .mentions import Person, handles, mentioned
from .models import Comment, Reason
from .ports import Commentable, Resource

MAX_COMMENTS_IN_THREAD = 500


def people(db: Session, actor: Actor) -> dict[str, Person]:
    """Give everybody who can be mentioned, by the name that mentions them."""
    everybody = members.members(db, actor)
    return handles(Person(m.user_id, m.display_name, m.email) for m in everybody)


class Desk:
    """What saying something needs besides the database: what there is, and the post."""

    def __init__(self, kinds: Sequence[Commentable], mailer: Mailer, address: str) -> None:
        self.kinds = kinds
        self.mailer = mailer
        self.address = address


def say(
    db: Session,
    actor: Actor,
    desk: Desk,
    *,
    kind: str,
    resource_id: str,
    body: str,
    thread_id: uuid.UUID | None,
) -> Comment:
    """Comment on a resource, or reply in one of its threads.

    Raises:
        ResourceMissing: there is no such resource.
        CommentMissing: the resource has no such thread.
        ThreadFull: the thread is too long to go on.
    """
    _, about = resources.find(db, actor, desk.kinds, kind, resource_id)
    thread = _thread(db, kind, resource_id, thread_id) if thread_id is not None else []
    made = uuid.uuid4()
    comment = Comment(
        id=made,
        resource_type=kind,
        resource_id=resource_id,
        thread_id=thread_id or made,
        body=body,
        author_id=actor.id,
        author_name=actor.name,
        created_at=utcnow(),
    )
    db.add(comment)
    db.flush()
    named = mentioned(body, people(db, actor))
    _tell_mentioned(db, actor, desk, comment, about, list(named.values()))
    told = {actor.id, *(person.user_id for person in named.values())}
    earlier = {row.author_id for row in thread if row.author_id is not None} - told
    inbox.deliver(db, Reason.reply, _members(db, actor, earlier), comment, about)
    owner = {about.owner_id} - told - earlier - {None}
    inbox.deliver(db, Reason.comment, _members(db, actor, owner), comment, about)
    verb = "reply" if thread_id else "comment"
    _record(db, actor, verb, comment, about, after={"body": body})
    return comment


def rewrite(db: Session, actor: Actor, desk: Desk, comment_id: uuid.UUID, body: str) -> Comment:
    """Change one's own comment. People it did not name before are told.

    Raises:
        CommentMissing: there is no such comment.
        NotYours: somebody else wrote it.
        AlreadyDeleted: it was deleted.
    """
    comment, about = _of_actor(db, actor, desk, comment_id)
    if comment.author_id != actor.id:
        raise NotYours("Only its author can change a comment.")
    if comment.deleted_at is not None:
        raise AlreadyDeleted("The comment was deleted.")
    known = people(db, actor)
    before, fresh = mentioned(comment.body, known), mentioned(body, known)
    facts = {"body": comment.body}
    comment.body, comment.edited_at = body, utcnow()
    added = [person for handle, person in fresh.items() if handle not in before]
    _tell_mentioned(db, actor, desk, comment, about, added)
    _record(db, actor, "edit_comment", comment, about, before=facts, after={"body": body})
    return comment


def take_back(db: Session, actor: Actor, desk: Desk, comment_id: uuid.UUID) -> Comment:
    """Delete one's own comment; an admin may delete anybody's. Its place in the thread stays.

    Raises:
        CommentMissing: there is no such comment.
        NotYours: somebody else wrote it.
    """
    comment, about = _of_actor(db, actor, desk, comment_id)
    if comment.author_id != actor.id and not actor.may(Permission.comments_moderate):
        raise NotYours("Only its author or an admin can delete a comment.")
    if comment.deleted_at is None:
        _record(db, actor, "delete_comment", comment, about, before={"body": comment.body})
        comment.body, comment.deleted_at, comment.deleted_by_name = "", utcnow(), actor.name
        inbox.withdraw(db, comment.id)
    return comment


def settle(
    db: Session, actor: Actor, desk: Desk, thread_id: uuid.UUID, *, is_resolved: bool
) -> Comment:
    """Resolve a thread, or open it again.

    Raises:
        CommentMissing: there is no such thread.
    """
    thread, about = _of_actor(db, actor, desk, thread_id)
    if not thread.starts_thread:
        raise CommentMissing("There is no such thread.")
    if is_resolved == (thread.resolved_at is not None):
        return thread
    thread.resolved_at = utcnow() if is_resolved else None
    thread.resolved_by_name = actor.name if is_resolved else None
    _record(db, actor, "resolve_thread" if is_resolved else "reopen_thread", thread, about)
    return thread


def threads(
    db: Session,
    actor: Actor,
    kinds: Sequence[Commentable],
    kind: str,
    resource_id: str,
    *,
    after: inbox.Position | None,
    limit: int,
) -> list[list[Comment]]:
    """List a resource's threads, oldest first, each with its comments.

    Raises:
        ResourceMissing: there is no such resource.
    """
    resources.find(db, actor, kinds, kind, resource_id)
    query = select(Comment).where(
        Comment.resource_type == kind,
        Comment.resource_id == resource_id,
        Comment.thread_id == Comment.id,
    )
    if after is not None:
        at, comment_id = after
        query = query.where(
            (Comment.created_at > at) | ((Comment.created_at == at) & (Comment.id > comment_id))
        )
    first = db.scalars(query.order_by(Comment.created_at, Comment.id).limit(limit)).all()
    found: dict[uuid.UUID, list[Comment]] = {row.id: [] for row in first}
    rows = db.scalars(
        select(Comment)
        .where(Comment.thread_id.in_(list(found)))
        .order_by(Comment.created_at, Comment.id)
    )
    for row in rows:
        found[row.thread_id].append(row)
    return list(found.values())


def _thread(db: Session, kind: str, resource_id: str, thread_id: uuid.UUID) -> list[Comment]:
    """Give a thread's comments; its first one is locked, so that replies queue."""
    first = db.scalar(
        select(Comment)
        .where(
            Comment.id == thread_id,
            Comment.thread_id == Comment.id,
            Comment.resource_type == kind,
            Comment.resource_id == resource_id,
        )
        .with_for_update()
    )
    if first is None:
        raise CommentMissing("There is no such thread.")
    where = Comment.thread_id == thread_id
    if (db.scalar(select(func.count(Comment.id)).where(where)) or 0) >= MAX_COMMENTS_IN_THREAD:
        raise ThreadFull("This thread is too long; start a new one.")
    return list(db.scalars(select(Comment).where(where)))


def _of_actor(
    db: Session, actor: Actor, desk: Desk, comment_id: uuid.UUID
) -> tuple[Comment, Resource]:
    comment = db.scalar(select(Comment).where(Comment.id == comment_id).with_for_update())
    if comment is None:
        raise CommentMissing("There is no such comment.")
    _, about = resources.find(db, actor, desk.kinds, comment.resource_type, comment.resource_id)
    return comment, about


def _members(db: Session, actor: Actor, wanted: Collection[uuid.UUID | None]) -> set[uuid.UUID]:
    if not wanted:
        return set()
    return {person.user_id for person in people(db, actor).values() if person.user_id in wanted}


def _tell_mentioned(
    db: Session,
    actor: Actor,
    desk: Desk,
    comment: Comment,
    about: Resource,
    named: Sequence[Person],
) -> None:
    others = [person for person in named if person.user_id != actor.id]
    inbox.deliver(db, Reason.mention, [p.user_id for p in others], comment, about)
    if not desk.mailer.is_configured:
        return
    link = f"{desk.address}/w/{actor.workspace_slug}{about.path}"
    for person in others:
        desk.mailer.queue(
            db,
            to=person.email,
            subject=f"{actor.name} mentioned you on {about.name}",
            text=f"{actor.name} wrote:\n\n{comment.body}\n\nAnswer at {link}\n",
        )


def _record(
    db: Session,
    actor: Actor,
    verb: str,
    comment: Comment,
    about: Resource,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"collaboration.{verb}",
        object_type=comment.resource_type,
        object_id=comment.resource_id,
        object_name=about.name,
        before=before,
        after={"comment_id": comment.id, **(after or {})},
    )
