"""Builds what the comment routes answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission

from .mentions import Person, mentioned
from .models import Comment
from .schemas import CommentOut, MentionOut, ThreadOut


def thread_out(actor: Actor, thread: Sequence[Comment], people: Mapping[str, Person]) -> ThreadOut:
    """Show a thread; its first comment says whether it is resolved."""
    first = thread[0]
    return ThreadOut(
        id=first.id,
        resolved_at=first.resolved_at,
        resolved_by_name=first.resolved_by_name,
        comments=[comment_out(actor, comment, people) for comment in thread],
    )


def comment_out(actor: Actor, comment: Comment, people: Mapping[str, Person]) -> CommentOut:
    """Show a comment; a deleted one without its words."""
    is_there = comment.deleted_at is None
    is_mine = comment.author_id is not None and comment.author_id == actor.id
    may_write = is_there and actor.may(Permission.comments_write)
    found = mentioned(comment.body, people) if is_there else {}
    return CommentOut(
        id=comment.id,
        body=comment.body if is_there else None,
        mentions=[
            MentionOut(handle=handle, display_name=person.display_name)
            for handle, person in found.items()
        ],
        author_id=comment.author_id,
        author_name=comment.author_name,
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        deleted_at=comment.deleted_at,
        deleted_by_name=comment.deleted_by_name,
        may_edit=may_write and is_mine,
        may_delete=may_write and (is_mine or actor.may(Permission.comments_moderate)),
    )
