"""What nobody has set up, as an answer for those who only want to know."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Query
from sqlalchemy.orm import Session

from modelyard_server.workspaces.access import Actor

from .errors import OutcomeSourceUnknown, ReferenceUnknown, ValueUnknown

T = TypeVar("T")
OrNone = Annotated[
    bool, Query(description="Answer with null instead of refusing where nobody set it up.")
]


def told(
    read: Callable[[Session, Actor, uuid.UUID], T],
    db: Session,
    actor: Actor,
    deployment_id: uuid.UUID,
    *,
    or_none: bool,
) -> T | None:
    """Give what `read` gives of a deployment; with `or_none` also that there is nothing."""
    try:
        return read(db, actor, deployment_id)
    except (OutcomeSourceUnknown, ReferenceUnknown, ValueUnknown):
        if not or_none:
            raise
        return None
