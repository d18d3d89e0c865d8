"""Where a request comes from, for the audit trail, before or without an actor."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from .models import User


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever calls a route that needs no workspace."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    id: uuid.UUID | None = None
    name: str = "Somebody"
    workspace_id: int | None = None

    def known_as(self, user: User, workspace_id: int | None = None) -> Visitor:
        """Give the same visitor with a proven identity."""
        return replace(
            self,
            id=user.id,
            name=user.display_name,
            workspace_id=workspace_id if workspace_id is not None else self.workspace_id,
        )
