"""Saved views of run tables: what is shown and how, under a name, private or shared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.workspaces.access import Actor
from modelyard_server.workspaces.permissions import Permission

from . import experiments
from .errors import NotYourView, TooManyViews, ValueRefused, ViewMissing, ViewNameTaken
from .models import RunView

MOST_VIEWS = 200  # of one experiment
LONGEST_NAME, LONGEST_STATE = 100, 8_000


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; `None` stays as it is."""

    name: str | None = None
    state: str | None = None
    is_shared: bool | None = None


def visible(db: Session, actor: Actor, experiment_id: str) -> list[RunView]:
    """List a person's own views of an experiment and the shared ones, by name.

    Raises:
        ExperimentMissing: there is no such experiment.
    """
    experiment = experiments.get(db, experiment_id)
    mine = or_(RunView.is_shared.is_(True), RunView.owner_id == actor.id)
    query = select(RunView).where(RunView.experiment_id == experiment.id, mine)
    return list(db.scalars(query.order_by(RunView.name, RunView.created_at)))


def save(
    db: Session, actor: Actor, experiment_id: str, *, name: str, state: str, is_shared: bool
) -> RunView:
    """Keep a view under a new name.

    Raises:
        ExperimentMissing: there is no such experiment.
        NotActive: it is deleted.
        ViewNameTaken: a view that the person sees has the name.
        TooManyViews: the experiment has very many.
        ValueRefused: name or state are empty or too long.
    """
    experiment = experiments.get_active(db, experiment_id)
    seen = visible(db, actor, experiment_id)
    _refuse_taken(seen, name)
    count = select(RunView.id).where(RunView.experiment_id == experiment.id)
    if len(list(db.scalars(count.limit(MOST_VIEWS)))) >= MOST_VIEWS:
        raise TooManyViews(f"An experiment has at most {MOST_VIEWS} views. Delete one first.")
    row = RunView(
        experiment_id=experiment.id,
        name=_checked(name, LONGEST_NAME, "name"),
        state=_checked(state, LONGEST_STATE, "state"),
        is_shared=is_shared,
        owner_id=actor.id,
        owner_name=actor.name,
        created_at=utcnow(),
        updated_at=utcnow(),
    )
    db.add(row)
    db.flush()
    _record(db, actor, "create", row, after={"name": name, "is_shared": is_shared})
    return row


def change(db: Session, actor: Actor, view_id: uuid.UUID, wanted: Change) -> RunView:
    """Rename, share or overwrite a view.

    Raises:
        ViewMissing: there is none that the person sees.
        NotYourView: it is somebody else's.
        ViewNameTaken: another view has the name.
        ValueRefused: name or state are empty or too long.
    """
    row = _own(db, actor, view_id)
    before = {"name": row.name, "is_shared": row.is_shared}
    if wanted.name is not None and wanted.name != row.name:
        _refuse_taken(visible(db, actor, str(row.experiment_id)), wanted.name)
        row.name = _checked(wanted.name, LONGEST_NAME, "name")
    if wanted.state is not None:
        row.state = _checked(wanted.state, LONGEST_STATE, "state")
    if wanted.is_shared is not None:
        row.is_shared = wanted.is_shared
    row.updated_at = utcnow()
    db.flush()
    after = {"name": row.name, "is_shared": row.is_shared}
    _record(db, actor, "change", row, before=before, after=after)
    return row


def delete(db: Session, actor: Actor, view_id: uuid.UUID) -> None:
    """Remove a view.

    Raises:
        ViewMissing: there is none that the person sees.
        NotYourView: it is somebody else's.
    """
    row = _own(db, actor, view_id)
    _record(db, actor, "delete", row, before={"name": row.name})
    db.delete(row)
    db.flush()


def may_change(actor: Actor, row: RunView) -> bool:
    """Tell whether the actor may change a view: its owner, and admins those that are shared."""
    return row.owner_id == actor.id or (row.is_shared and actor.may(Permission.workspace_manage))


def _own(db: Session, actor: Actor, view_id: uuid.UUID) -> RunView:
    row = db.scalars(select(RunView).where(RunView.id == view_id)).one_or_none()
    if row is None or not (row.is_shared or row.owner_id == actor.id):
        raise ViewMissing("There is no such view.")
    if not may_change(actor, row):
        raise NotYourView(f"This view is {row.owner_name}'s. Save your own under another name.")
    return row


def _refuse_taken(seen: list[RunView], name: str) -> None:
    if any(row.name == name for row in seen):
        raise ViewNameTaken(f"There is a view {name[:LONGEST_NAME]!r} already.")


def _checked(text: str, longest: int, what: str) -> str:
    if not text.strip() or len(text) > longest or "\0" in text:
        raise ValueRefused(f"The {what} of a view has 1 to {longest} characters.")
    return text


def _record(
    db: Session,
    actor: Actor,
    verb: str,
    row: RunView,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        f"run_views.{verb}",
        object_type="run_view",
        object_id=str(row.id),
        object_name=row.name,
        before=before,
        after=after,
    )
