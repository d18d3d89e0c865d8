"""What traffic needs from elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Protocol

from sqlalchemy.orm import Session

from modelyard_protocol.routing import Language


class TextRules(Protocol):
    """Knows which texts of language endpoints may be written down. Provided by `monitoring`."""

    def every(self, db: Session) -> Mapping[uuid.UUID, Language]:
        """Give the rules that somebody chose, by deployment."""
        ...
