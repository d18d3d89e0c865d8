"""Workspaces: make, list, rename."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database

from .access import UNNAMED, Actor
from .errors import DescriptionTooLong, SlugMalformed, SlugTaken, WorkspaceNotFound
from .models import Membership, Organisation, Workspace
from .permissions import Role
from .ports import WorkspaceObserver

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_RESERVED = frozenset(
    {UNNAMED, "api", "ajax-api", "assets", "docs", "graphql", "v2", "static-files", "workspaces"}
)
_LONGEST_DESCRIPTION = 2000


@dataclass(frozen=True, slots=True)
class Joined:
    """A workspace and what a person is in it."""

    workspace: Workspace
    role: Role


def new_organisation(db: Session, name: str) -> Organisation:
    """Make the customer that owns workspaces."""
    row = Organisation(name=name, created_at=utcnow())
    db.add(row)
    db.flush()
    return row


def new_workspace(
    db: Session,
    observers: Iterable[WorkspaceObserver],
    *,
    organisation_id: int,
    name: str,
    slug: str | None = None,
    description: str = "",
) -> Workspace:
    """Make a workspace with the first rows of every capability; binds the session to it.

    Raises:
        SlugMalformed: 2 to 63 of `a-z 0-9 -`, and not one of our own addresses.
        SlugTaken: another workspace has it.
        DescriptionTooLong: more than 2,000 characters.
    """
    if slug is not None and (_SLUG.fullmatch(slug) is None or slug in _RESERVED):
        raise SlugMalformed("A slug has 2 to 63 of a-z, 0-9 and -, and does not start or end so.")
    if slug is not None and _is_taken(db, slug):
        raise SlugTaken(f"Another workspace has the slug {slug}.")
    row = Workspace(
        organisation_id=organisation_id,
        slug=slug or _free_slug(db, name),
        name=name,
        description=_checked_description(description),
        created_at=utcnow(),
    )
    db.add(row)
    db.flush()
    tenancy.bind(db, row.id)
    for observer in observers:
        observer.workspace_created(db, row.id)
    return row


def join(db: Session, workspace_id: int, user_id: uuid.UUID, role: Role) -> Membership:
    """Make a person a member."""
    row = Membership(
        member_workspace_id=workspace_id, user_id=user_id, role=role.value, joined_at=utcnow()
    )
    db.add(row)
    db.flush()
    return row


def create_workspace(
    db: Session,
    actor: Actor,
    observers: Iterable[WorkspaceObserver],
    *,
    name: str,
    slug: str | None,
    description: str = "",
) -> Joined:
    """Make another workspace of the actor's organisation; every owner of it is a member.

    Raises:
        SlugMalformed: the slug cannot be part of an address.
        SlugTaken: another workspace has it.
    """
    organisation_id = db.scalars(
        select(Workspace.organisation_id).where(Workspace.id == actor.workspace_id)
    ).one()
    owners = db.scalars(
        select(Membership.user_id)
        .join(Workspace, Workspace.id == Membership.member_workspace_id)
        .where(Workspace.organisation_id == organisation_id, Membership.role == Role.owner.value)
        .distinct()
    ).all()
    row = new_workspace(
        db,
        observers,
        organisation_id=organisation_id,
        name=name,
        slug=slug,
        description=description,
    )
    for user_id in owners:
        join(db, row.id, user_id, Role.owner)
    trail.record(
        db,
        replace(actor, workspace_id=row.id),
        "workspaces.create",
        object_type="workspace",
        object_id=row.id,
        object_name=row.name,
        after={"slug": row.slug},
    )
    return Joined(row, Role.owner)


def rename(db: Session, actor: Actor, name: str) -> Joined:
    """Change the name of the current workspace; its slug, part of addresses, stays."""
    row = db.get_one(Workspace, actor.workspace_id)
    before, row.name = row.name, name
    trail.record(
        db,
        actor,
        "workspaces.rename",
        object_type="workspace",
        object_id=row.id,
        object_name=name,
        before={"name": before},
        after={"name": name},
    )
    return Joined(row, actor.role)


def describe(db: Session, actor: Actor, description: str) -> Joined:
    """Say what the current workspace is for.

    Raises:
        DescriptionTooLong: more than 2,000 characters.
    """
    row = db.get_one(Workspace, actor.workspace_id)
    before, row.description = row.description, _checked_description(description)
    trail.record(
        db,
        actor,
        "workspaces.describe",
        object_type="workspace",
        object_id=row.id,
        object_name=row.name,
        before={"description": before},
        after={"description": description},
    )
    return Joined(row, actor.role)


def joined_by(db: Session, user_id: uuid.UUID, *, only: int | None = None) -> list[Joined]:
    """List the workspaces a person is a member of, the first joined first."""
    rows = (
        select(Workspace, Membership.role)
        .join(Membership, Membership.member_workspace_id == Workspace.id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.joined_at, Workspace.id)
    )
    if only is not None:
        rows = rows.where(Workspace.id == only)
    return [Joined(workspace, Role(role)) for workspace, role in db.execute(rows)]


def home(db: Session, user_id: uuid.UUID) -> int | None:
    """Give the workspace whose audit trail holds a person's own events: the first they joined."""
    found = joined_by(db, user_id)
    return found[0].workspace.id if found else None


def every_workspace(db: Session, *, only: int | None = None) -> list[tuple[int, str]]:
    """Give id and slug of every workspace, or of one, for platform work over all."""
    there = select(Workspace.id, Workspace.slug).where(Workspace.deleted_at.is_(None))
    if only is not None:
        there = there.where(Workspace.id == only)
    rows = db.execute(there.order_by(Workspace.id))
    return [(row.id, row.slug) for row in rows]


def every_id(database: Database) -> list[int]:
    """Give the id of every workspace, for work that opens each one's session in turn."""
    with database.platform_session(write=False) as db:
        return [workspace_id for workspace_id, _ in every_workspace(db)]


def named(db: Session, actor: Actor, slug: str) -> Workspace:
    """Give the actor's workspace when this is its slug, or MLflow's word for it.

    Raises:
        WorkspaceNotFound: it is another one, or none.
    """
    if slug not in (actor.workspace_slug, UNNAMED):
        raise WorkspaceNotFound("There is no such workspace.")
    return db.get_one(Workspace, actor.workspace_id)


def slug_of(db: Session, workspace_id: int) -> str:
    """Give the slug of a workspace."""
    return db.get_one(Workspace, workspace_id).slug


def organisation_of(db: Session, workspace_id: int | None) -> int:
    """Give the organisation that owns a workspace."""
    found = db.scalar(select(Workspace.organisation_id).where(Workspace.id == workspace_id))
    return int(found or 0)


def first_organisation(db: Session) -> int:
    """Give the organisation that set the installation up, which runs it."""
    return int(db.scalar(select(func.min(Organisation.id))) or 0)


def organisation_name(db: Session, workspace: Workspace) -> str:
    """Name the organisation of a workspace."""
    return db.get_one(Organisation, workspace.organisation_id).name


def _checked_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        raise DescriptionTooLong(f"A description has at most {_LONGEST_DESCRIPTION} characters.")
    return description


def _is_taken(db: Session, slug: str) -> bool:
    return db.scalar(select(Workspace.id).where(Workspace.slug == slug)) is not None


def _free_slug(db: Session, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-")
    if len(base) < 2 or base in _RESERVED:
        base = f"team-{base}".strip("-")
    taken = set(
        db.scalars(select(Workspace.slug).where(Workspace.slug.startswith(base, autoescape=True)))
    )
    numbered = (f"{base}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)
