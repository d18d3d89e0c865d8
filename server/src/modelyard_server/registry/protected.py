"""Aliases that only some may move, such as the one production follows."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission

from . import naming
from .errors import AliasNotProtected, AliasProtected
from .models import ProtectedAlias

FIRST = ("production",)
"""What is protected in a new workspace."""


def names(db: Session) -> list[str]:
    """List the protected aliases of the workspace."""
    return list(db.scalars(select(ProtectedAlias.alias).order_by(ProtectedAlias.alias)))


def refuse_unless_allowed(db: Session, actor: trail.Who, aliases: Collection[str]) -> None:
    """Refuse somebody who would move or remove a protected alias without the permission.

    Raises:
        AliasProtected: one of the aliases is protected and the actor may not move it.
    """
    if not isinstance(actor, Actor) or actor.may(Permission.aliases_move_protected):
        return
    held = sorted(set(names(db)) & set(aliases))
    if held:
        raise AliasProtected(
            f"The alias {held[0]} is protected in this workspace; "
            f"moving it needs {Permission.aliases_move_protected.value}. Ask an admin."
        )


def protect(db: Session, actor: trail.Who, alias: str) -> None:
    """Let only those with the permission move this alias, on every model.

    Raises:
        NameRefused: an alias cannot have this name.
    """
    naming.alias_name(alias)
    if alias in names(db):
        return
    db.add(ProtectedAlias(alias=alias, created_at=utcnow(), created_by_name=actor.name))
    _record(db, actor, "registry.protect_alias", alias)


def release(db: Session, actor: trail.Who, alias: str) -> None:
    """Let everybody who may write models move this alias again.

    Raises:
        AliasNotProtected: it is not protected.
    """
    if alias not in names(db):
        raise AliasNotProtected(f"The alias {alias} is not protected.")
    db.execute(delete(ProtectedAlias).where(ProtectedAlias.alias == alias))
    _record(db, actor, "registry.unprotect_alias", alias)


def ensure_first(db: Session) -> None:
    """Protect what is protected in every new workspace."""
    for alias in FIRST:
        db.add(ProtectedAlias(alias=alias, created_at=utcnow(), created_by_name="Modelyard"))


def _record(db: Session, actor: trail.Who, action: str, alias: str) -> None:
    trail.record(db, actor, action, object_type="protected_alias", object_name=alias)
