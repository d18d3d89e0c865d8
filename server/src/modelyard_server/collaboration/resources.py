"""Finds what a comment or a feed is about."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from modelyard_server.workspaces.access import Actor

from .errors import ResourceMissing
from .ports import Commentable, Resource


def find(
    db: Session, actor: Actor, kinds: Sequence[Commentable], kind: str, resource_id: str
) -> tuple[Commentable, Resource]:
    """Give a resource that the actor may see.

    Raises:
        ResourceMissing: there is none, or it is nothing one can talk about.
    """
    for known in kinds:
        if known.kind == kind and actor.may(known.permission):
            found = known.find(db, resource_id)
            if found is not None:
                return known, found
    raise ResourceMissing("There is nothing here to comment on.")
