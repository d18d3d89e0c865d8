"""Deleting a workspace: out of reach at once, its rows and files erased by a job.

The audit trail stays, as everywhere. Nothing that runs is ended on the way: its owner does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from modelyard_server.identity import tokens
from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Base

from .access import Actor
from .errors import LastWorkspace, NotConfirmed, WorkspaceInUse
from .models import Invitation, Membership, Workspace
from .ports import WorkspaceContent

ERASE = "workspaces.erase"
_MOST_NAMED = 5


class Content(StrEnum):
    """What happens to what a workspace holds."""

    restrict = "restrict"  # it must be empty
    cascade = "cascade"  # it goes too


def remove(
    db: Session,
    actor: Actor,
    holders: Sequence[WorkspaceContent],
    content: Content,
    *,
    confirmed: str | None = None,
) -> None:
    """Delete the current workspace; members, tokens and invitations end with it.

    Raises:
        NotConfirmed: `confirmed` is not its slug.
        WorkspaceInUse: deployments are running, or it is not empty and must be.
        LastWorkspace: its organisation has no other.
    """
    row = db.scalars(
        select(Workspace).where(Workspace.id == actor.workspace_id).with_for_update()
    ).one()
    if confirmed not in (None, row.slug):
        raise NotConfirmed("Repeat the address of the workspace to delete it.")
    _refuse_running(db, holders)
    held = counted(db, holders)
    if held and content is Content.restrict:
        listed = ", ".join(f"{number} {what}" for what, number in held.items())
        raise WorkspaceInUse(
            f"Cannot delete workspace '{row.slug}': it still contains {listed}. "
            "Remove them before deleting the workspace, or delete them with it."
        )
    _refuse_last(db, row)
    trail.record(
        db,
        actor,
        "workspaces.delete",
        object_type="workspace",
        object_id=row.id,
        object_name=row.name,
        before={"slug": row.slug, **held},
    )
    _put_out_of_reach(db, row)
    jobs.enqueue(
        db, ERASE, {"workspace_id": row.id}, workspace_id=None, dedupe_key=f"{ERASE}:{row.id}"
    )


def counted(db: Session, holders: Sequence[WorkspaceContent]) -> dict[str, int]:
    """Count what people made in the bound workspace, leaving out what there is none of."""
    found = {what: number for holder in holders for what, number in holder.counted(db).items()}
    return {what: number for what, number in found.items() if number}


def erase_rows(db: Session) -> int:
    """Delete every row of the bound workspace; give how many there were."""
    workspace_id, gone = tenancy.workspace_of(db), 0
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in tenancy.tenant_tables():
            done = db.execute(delete(table).where(table.c.workspace_id == workspace_id))
            gone += int(done.rowcount)  # type: ignore[attr-defined]
    return gone


def _refuse_running(db: Session, holders: Sequence[WorkspaceContent]) -> None:
    running = [name for holder in holders for name in holder.running(db)]
    if running:
        more = f" and {len(running) - _MOST_NAMED} more" if len(running) > _MOST_NAMED else ""
        raise WorkspaceInUse(
            f"These are running; end them first: {', '.join(running[:_MOST_NAMED])}{more}."
        )


def _refuse_last(db: Session, row: Workspace) -> None:
    others = select(func.count()).where(
        Workspace.organisation_id == row.organisation_id,
        Workspace.deleted_at.is_(None),
        Workspace.id != row.id,
    )
    if not db.scalar(others):
        raise LastWorkspace("An organisation keeps at least one workspace. Make another one first.")


def _put_out_of_reach(db: Session, row: Workspace) -> None:
    db.execute(delete(Membership).where(Membership.member_workspace_id == row.id))
    db.execute(delete(Invitation).where(Invitation.invited_workspace_id == row.id))
    tokens.delete_all(db, row.id)
    jobs.withdraw(db, row.id)
    row.slug, row.description, row.deleted_at = f"~{row.id}", "", utcnow()  # nobody's slug
    db.flush()
