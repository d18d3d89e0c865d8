"""The three environments every workspace has."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .errors import EnvironmentMissing, NameRefused, NameTaken
from .models import Deployment, Environment

STANDARD = (("dev", "Development"), ("staging", "Staging"), ("production", "Production"))
PRODUCTION = "production"
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def listed(db: Session) -> list[Environment]:
    """Give the workspace's environments by rank; the standard ones while it has no rows yet."""
    rows = list(db.scalars(select(Environment).order_by(Environment.rank)))
    return rows or _standard()


def ensure(db: Session) -> None:
    """Put the standard environments into a workspace that has none. Safe to repeat."""
    if db.scalar(select(Environment.id).limit(1)) is not None:
        return
    try:
        with db.begin_nested():  # another request may do the same at this moment
            db.add_all(_standard())
    except IntegrityError:
        return


def named(db: Session, slug: str) -> Environment:
    """Give an environment of the workspace.

    Raises:
        EnvironmentMissing: it has none with this name.
    """
    ensure(db)
    found = db.scalar(select(Environment).where(Environment.slug == slug))
    if found is None:
        names = ", ".join(row.slug for row in listed(db))
        raise EnvironmentMissing(f"There is no environment {slug!r}. Choose one of {names}.")
    return found


def free_name(db: Session, environment: str, wanted: str) -> str:
    """Give a deployment name like `wanted` that nobody has in the environment."""
    base = slug_of(wanted)
    taken = set(
        db.scalars(
            select(Deployment.name).where(
                Deployment.environment == environment, Deployment.name.startswith(base)
            )
        )
    )
    if base not in taken:
        return base
    number = 2
    while f"{base[:58]}-{number}" in taken:
        number += 1
    return f"{base[:58]}-{number}"


def claimed_name(db: Session, environment: str, wanted: str | None, fallback: str) -> str:
    """Give the name of a new deployment: the wanted one, or a free one made from `fallback`.

    Raises:
        NameRefused: it cannot be part of an address.
        NameTaken: another deployment has it.
    """
    if wanted is None:
        return free_name(db, environment, fallback)
    if not _SLUG.fullmatch(wanted):
        raise NameRefused(
            "A name is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit.",
            extra={"suggested_name": free_name(db, environment, wanted)},
        )
    free = free_name(db, environment, wanted)
    if free != wanted:
        raise NameTaken(
            f"{wanted} is taken in {environment}. {free} is free; or deploy a new version to the "
            "existing deployment.",
            extra={"suggested_name": free},
        )
    return wanted


def slug_of(text: str) -> str:
    """Make a name usable in an address."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return slug or "model"


def _standard() -> list[Environment]:
    return [
        Environment(slug=slug, name=name, rank=rank) for rank, (slug, name) in enumerate(STANDARD)
    ]
