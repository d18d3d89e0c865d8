"""Wire shapes of collaboration."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

MAX_BODY = 20_000


def _said(text: str) -> str:
    stripped = text.strip()
    if not stripped or "\x00" in stripped:
        raise ValueError("says nothing")
    return stripped


Body = Annotated[str, Field(min_length=1, max_length=MAX_BODY), AfterValidator(_said)]


class CommentCreate(BaseModel):
    resource_type: str = Field(max_length=40)
    resource_id: str = Field(max_length=80)
    body: Body
    thread_id: uuid.UUID | None = Field(None, description="The thread this replies to.")


class CommentPatch(BaseModel):
    body: Body


class MentionOut(BaseModel):
    handle: str
    display_name: str


class CommentOut(BaseModel):
    id: uuid.UUID
    body: str | None
    """Markdown; `None` when it was deleted."""
    mentions: list[MentionOut]
    author_id: uuid.UUID | None
    author_name: str
    created_at: dt.datetime
    edited_at: dt.datetime | None
    deleted_at: dt.datetime | None
    deleted_by_name: str | None
    may_edit: bool
    may_delete: bool


class ThreadOut(BaseModel):
    id: uuid.UUID
    resolved_at: dt.datetime | None
    resolved_by_name: str | None
    comments: list[CommentOut]


class PersonOut(BaseModel):
    user_id: uuid.UUID
    display_name: str
    handle: str


class InboxItemOut(BaseModel):
    id: uuid.UUID
    reason: Literal["mention", "reply", "comment"]
    comment_id: uuid.UUID | None
    resource_type: str
    resource_id: str
    resource_name: str
    path: str
    actor_name: str
    excerpt: str
    created_at: dt.datetime
    read_at: dt.datetime | None


class UnreadOut(BaseModel):
    unread: int


class FeedEventOut(BaseModel):
    """One change somebody made; addresses and devices are left to the audit log."""

    id: uuid.UUID
    at: dt.datetime
    actor_id: uuid.UUID | None
    actor_name: str
    action: str
    object_type: str
    object_id: str | None
    object_name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
