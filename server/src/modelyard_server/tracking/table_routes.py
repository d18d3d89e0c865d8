"""Routes of the run table: its columns, groups and saved views."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import experiments, filters, grouping, run_table, views
from .models import RunView
from .schemas import RunColumnsOut, RunGroupOut, RunViewCreate, RunViewOut, RunViewPatch

router = APIRouter(prefix="/api/v1", tags=["tracking"])
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
Codec = Annotated[Cursors, Depends(cursors)]
Metrics = Annotated[list[str], Query(max_length=grouping.MOST_METRICS)]


@router.get("/experiments/{experiment_id}/columns")
def list_columns(
    experiment_id: str,
    db: Db,
    actor: Reader,  # noqa: ARG001
    sample: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> RunColumnsOut:
    """List what runs logged; `sample` looks at that many of the newest runs only."""
    experiment = experiments.get(db, experiment_id)
    return RunColumnsOut.model_validate(run_table.columns(db, experiment.id, sample=sample))


@router.get("/experiments/{experiment_id}/groups")
def list_groups(
    experiment_id: str,
    by: str,
    db: Db,
    actor: Reader,
    codec: Codec,
    filter: str | None = None,  # noqa: A002 - the name in the contract
    metric: Metrics = [],  # noqa: B006 - never changed
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[RunGroupOut]:
    """List groups of runs, the largest first, with how their metrics spread.

    `by` is `params.…`, `tags.…`, `status` or `author`.
    """
    experiment = experiments.get(db, experiment_id)
    scope = f"{actor.workspace_id}/web/groups/{experiment.id}/{by}/{filter}"
    wanted = grouping.Grouped(experiment.id, by, filters.read(filter), metric)
    after = codec.open(scope, cursor) if cursor else None
    found = grouping.groups(db, wanted, limit=limit + 1, after=after)
    page = found[:limit]
    return Page(
        items=[RunGroupOut.model_validate(group) for group in page],
        next_cursor=codec.seal(scope, grouping.position(page[-1])) if len(found) > limit else None,
        total=None,
    )


@router.get("/experiments/{experiment_id}/views")
def list_run_views(experiment_id: str, db: Db, actor: Reader) -> list[RunViewOut]:
    """List one's own saved views of an experiment's table, and the shared ones."""
    return [_shown(actor, row) for row in views.visible(db, actor, experiment_id)]


@router.post("/experiments/{experiment_id}/views", status_code=201)
def save_run_view(experiment_id: str, body: RunViewCreate, db: Db, actor: Writer) -> RunViewOut:
    """Save a view under a name."""
    row = views.save(
        db, actor, experiment_id, name=body.name, state=body.state, is_shared=body.is_shared
    )
    return _shown(actor, row)


@router.patch("/run-views/{view_id}")
def change_run_view(view_id: uuid.UUID, body: RunViewPatch, db: Db, actor: Writer) -> RunViewOut:
    """Rename, share or overwrite a view."""
    wanted = views.Change(name=body.name, state=body.state, is_shared=body.is_shared)
    return _shown(actor, views.change(db, actor, view_id, wanted))


@router.delete("/run-views/{view_id}", status_code=204)
def delete_run_view(view_id: uuid.UUID, db: Db, actor: Writer) -> None:
    """Remove a view."""
    views.delete(db, actor, view_id)


def _shown(actor: Actor, row: RunView) -> RunViewOut:
    return RunViewOut(
        id=row.id,
        name=row.name,
        state=row.state,
        is_shared=row.is_shared,
        owner_name=row.owner_name,
        may_change=views.may_change(actor, row),
        updated_at=row.updated_at,
    )
