"""What people can talk about: each capability that has such things says how to find them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from modelyard_server.workspaces.permissions import Permission


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing people talk about."""

    name: str
    path: str
    """Address in the web application, without the workspace: `/runs/…`."""
    owner_id: uuid.UUID | None
    """Who made it, and so hears of comments."""


class Commentable(Protocol):
    """Finds resources of one kind. Add it in `wiring.provide(services)` with `services.add`."""

    @property
    def kind(self) -> str:
        """The word the audit trail uses for them."""
        ...

    @property
    def parts(self) -> tuple[str, ...]:
        """Kinds whose ids start with the resource's own, such as the versions of a model."""
        ...

    @property
    def permission(self) -> Permission:
        """What one needs to see them."""
        ...

    def find(self, db: Session, resource_id: str) -> Resource | None:
        """Give the resource, or `None` when the workspace has no such one."""
        ...
