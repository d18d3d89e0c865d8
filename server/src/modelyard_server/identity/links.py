"""Single-use links: setup and password reset. Only digests of their secrets are stored."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.kernel import crypto
from modelyard_server.kernel.clock import utcnow

from .models import OneTimeLink

SETUP = "setup"
PASSWORD_RESET = "password_reset"  # noqa: S105
LIFETIME = {SETUP: dt.timedelta(days=3650), PASSWORD_RESET: dt.timedelta(hours=1)}


def issue(db: Session, purpose: str, user_id: uuid.UUID | None = None) -> str:
    """Make a link's secret; earlier unused ones for the same purpose and person stop working."""
    now, secret = utcnow(), crypto.random_text(43)
    db.execute(
        delete(OneTimeLink).where(
            OneTimeLink.purpose == purpose,
            OneTimeLink.user_id == user_id,
            OneTimeLink.used_at.is_(None),
        )
    )
    db.add(
        OneTimeLink(
            purpose=purpose,
            user_id=user_id,
            secret_sha256=crypto.sha256_hex(secret),
            created_at=now,
            expires_at=now + LIFETIME[purpose],
        )
    )
    return secret


def find(db: Session, purpose: str, secret: str) -> OneTimeLink | None:
    """Give the link of a secret when it can still be used."""
    return db.scalar(
        select(OneTimeLink).where(
            OneTimeLink.secret_sha256 == crypto.sha256_hex(secret),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > utcnow(),
        )
    )


def redeem(db: Session, purpose: str, secret: str) -> OneTimeLink | None:
    """Use a link up; of two that try at once, one gets it."""
    link = find(db, purpose, secret)
    if link is None:
        return None
    used = db.scalar(
        update(OneTimeLink)
        .where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None))
        .values(used_at=utcnow())
        .returning(OneTimeLink.id)
    )
    return link if used is not None else None
