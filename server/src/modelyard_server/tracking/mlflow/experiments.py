"""`experiments/*`: create, find, rename, tag, delete, restore."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking import experiments, keys, sources
from modelyard_server.tracking.errors import FilterRefused, ValueRefused
from modelyard_server.tracking.filters import Clause, Order, read, read_order
from modelyard_server.tracking.models import Experiment
from modelyard_server.tracking.search import active_and_deleted
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import wire

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
Creator = Annotated[Actor, allowed(Permission.experiments_create)]
_MOST = 50_000


class ById(msgspec.Struct):
    experiment_id: str


class ByName(msgspec.Struct):
    experiment_name: str


class Create(msgspec.Struct):
    name: str
    artifact_location: str = ""
    tags: list[wire.Pair] = []


class Rename(msgspec.Struct):
    experiment_id: str
    new_name: str


class SetTag(msgspec.Struct):
    experiment_id: str
    key: str
    value: str = ""


class DeleteTag(msgspec.Struct):
    experiment_id: str
    key: str


class Search(msgspec.Struct):
    max_results: int = 1000
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: str = "ACTIVE_ONLY"


@router.post("/experiments/create")
def create_experiment(
    body: Annotated[Create, wire.body(Create)], db: Db, actor: Creator
) -> Response:
    """Make an experiment. Its files go where we say."""
    if body.artifact_location:
        raise ValueRefused("This server chooses where artifacts are kept: omit artifact_location.")
    tags = wire.pairs(body.tags)
    keys.refuse_unnamed(tags)
    row = experiments.create(db, actor, body.name, tags)
    return wire.answer({"experiment_id": str(row.id)})


@router.get("/experiments/get")
def get_experiment(body: Annotated[ById, wire.query(ById)], db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give an experiment."""
    return wire.answer({"experiment": shown(experiments.get(db, body.experiment_id))})


@router.get("/experiments/get-by-name")
def get_experiment_by_name(
    body: Annotated[ByName, wire.query(ByName)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give an experiment by its name."""
    if not body.experiment_name:
        raise ValueRefused(http.parameter_missing("experiment_name"))
    return wire.answer({"experiment": shown(experiments.by_name(db, body.experiment_name))})


@router.post("/experiments/update")
def rename_experiment(
    body: Annotated[Rename, wire.body(Rename)], db: Db, actor: Writer
) -> Response:
    """Give an experiment another name."""
    experiments.rename(db, actor, body.experiment_id, body.new_name)
    return wire.answer()


@router.post("/experiments/delete")
def delete_experiment(body: Annotated[ById, wire.body(ById)], db: Db, actor: Writer) -> Response:
    """Hide an experiment."""
    experiments.mark_deleted(db, actor, body.experiment_id)
    return wire.answer()


@router.post("/experiments/restore")
def restore_experiment(body: Annotated[ById, wire.body(ById)], db: Db, actor: Writer) -> Response:
    """Bring an experiment back."""
    experiments.restore(db, actor, body.experiment_id)
    return wire.answer()


@router.post("/experiments/set-experiment-tag")
def set_experiment_tag(
    body: Annotated[SetTag, wire.body(SetTag)], db: Db, actor: Writer
) -> Response:
    """Set a tag."""
    keys.refuse_unnamed([body.key])
    experiments.set_tag(db, actor, body.experiment_id, body.key, body.value)
    return wire.answer()


@router.post("/experiments/delete-experiment-tag")
def delete_experiment_tag(
    body: Annotated[DeleteTag, wire.body(DeleteTag)], db: Db, actor: Writer
) -> Response:
    """Remove a tag."""
    experiments.delete_tag(db, actor, body.experiment_id, body.key)
    return wire.answer()


@router.get("/experiments/search")
def search_experiments_get(
    body: Annotated[Search, wire.query(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """List experiments."""
    return _search(db, actor, body, codec)


@router.post("/experiments/search", dependencies=wire.READS)
def search_experiments(
    body: Annotated[Search, wire.body(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """List experiments."""
    return _search(db, actor, body, codec)


def shown(row: Experiment) -> dict[str, Any]:
    """Give an experiment as MLflow shows it."""
    return {
        "experiment_id": str(row.id),
        "name": row.name,
        "artifact_location": sources.of_experiment(row),
        "lifecycle_stage": row.lifecycle_stage,
        "creation_time": int(row.created_at.timestamp() * 1000),
        "last_update_time": int(row.updated_at.timestamp() * 1000),
        "tags": wire.as_pairs(row.tags),
    }


def _search(db: Session, actor: Actor, body: Search, codec: Cursors) -> Response:
    wire.within("max_results", body.max_results, 1, _MOST)
    stages = active_and_deleted(body.view_type)
    clauses, orders = read(body.filter), read_order(body.order_by)
    scope = f"{actor.workspace_id}/experiments/{body.filter}/{body.order_by}/{body.view_type}"
    start = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    rows = [
        row
        for row in db.scalars(
            select(Experiment)
            .where(Experiment.lifecycle_stage.in_(stages))
            .order_by(Experiment.created_at.desc(), Experiment.id.desc())
        )
        if all(clause.holds(_value(row, clause)) for clause in clauses)
    ]
    for order in reversed(orders):
        rows.sort(key=lambda row, order=order: _value(row, order), reverse=not order.is_ascending)  # type: ignore[misc]
    page, end = rows[start : start + body.max_results], start + body.max_results
    token = codec.seal(scope, [end]) if end < len(rows) else None
    return wire.answer({"experiments": [shown(row) for row in page], "next_page_token": token})


def _value(row: Experiment, asked: Clause | Order) -> Any:
    if asked.kind == "tag":
        found = row.tags.get(asked.key)
        return (found or "") if isinstance(asked, Order) else found
    values: dict[str, Any] = {
        "name": row.name,
        "experiment_id": row.id,
        "creation_time": _milliseconds(row.created_at, asked),
        "last_update_time": _milliseconds(row.updated_at, asked),
    }
    if asked.kind != "attribute" or asked.key not in values:
        raise FilterRefused(f"Experiments cannot be searched or sorted by {asked.key[:80]!r}.")
    return values[asked.key]


def _milliseconds(at: dt.datetime, asked: Clause | Order) -> float:
    """Compare a time as clients are shown it, and sort by the whole of it."""
    exact = at.timestamp() * 1000
    return exact if isinstance(asked, Order) else int(exact)
