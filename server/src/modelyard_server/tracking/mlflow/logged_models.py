"""`logged-models/*`: what every `log_model` of MLflow 3 calls."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking import experiments, filters, logged_models, sources
from modelyard_server.tracking.errors import FilterRefused, ValueRefused
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import shapes, wire
from .artifacts import listing

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
_MOST = 1000


class Create(msgspec.Struct):
    experiment_id: str
    name: str = ""
    model_type: str | None = None
    source_run_id: str = ""
    params: list[wire.Pair] = []
    tags: list[wire.Pair] = []


class Finalize(msgspec.Struct):
    status: str


class Tags(msgspec.Struct):
    tags: list[wire.Pair] = []


class Params(msgspec.Struct):
    params: list[wire.Pair] = []


class Deleted(msgspec.Struct):
    allow_deleted: bool = False


class Directory(msgspec.Struct):
    artifact_directory_path: str = ""


class OrderBy(msgspec.Struct):
    field_name: str
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class DatasetFilter(msgspec.Struct):
    dataset_name: str
    dataset_digest: str = ""


class Search(msgspec.Struct):
    datasets: list[DatasetFilter] = []
    experiment_ids: list[str] = []
    filter: str = ""
    max_results: int = 100
    order_by: list[OrderBy] = []
    page_token: str = ""


@router.post("/logged-models")
def create_logged_model(
    body: Annotated[Create, wire.body(Create)], db: Db, actor: Writer
) -> Response:
    """Make a model whose files follow."""
    row = logged_models.create(
        db,
        actor,
        logged_models.NewModel(
            body.experiment_id,
            body.name or None,
            body.model_type,
            body.source_run_id or None,
            wire.pairs(body.params),
            wire.pairs(body.tags),
        ),
    )
    return wire.answer({"model": shapes.models(db, [row])[0]})


@router.post("/logged-models/search", dependencies=wire.READS)
def search_logged_models(
    body: Annotated[Search, wire.body(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """Find models."""
    wire.within("max_results", body.max_results, 1, _MOST)
    if not body.experiment_ids:
        raise ValueRefused(http.parameter_missing("experiment_ids"))
    numbers = experiments.numbers_of(body.experiment_ids)
    scope = f"{actor.workspace_id}/logged-models"
    start, asked = 0, _asked(body)
    if body.page_token:
        start, *before = codec.open(scope, body.page_token)
        _same(before, asked)
    datasets = [logged_models.DatasetRef(d.dataset_name, d.dataset_digest) for d in body.datasets]
    rows = logged_models.search(db, numbers, _read(body.filter), datasets)
    for order in reversed(body.order_by):
        rows = logged_models.in_order(
            db,
            rows,
            order.field_name,
            is_ascending=order.ascending,
            dataset=logged_models.DatasetRef(order.dataset_name, order.dataset_digest),
        )
    end = start + body.max_results
    token = codec.seal(scope, [end, *asked]) if end < len(rows) else None
    return wire.answer({"models": shapes.models(db, rows[start:end]), "next_page_token": token})


def _asked(body: Search) -> list[str]:
    """Tell what a page was asked for: experiments with their datasets, order, filter."""
    parts = ([body.experiment_ids, body.datasets], body.order_by, body.filter)
    return [hashlib.sha256(msgspec.json.encode(part)).hexdigest()[:16] for part in parts]


def _same(before: list[str], now: list[str]) -> None:
    problems = (
        "Experiment IDs in the page token do not match",
        "Order by in the page token does not match",
        "Filter string in the page token does not match",
    )
    for problem, one, other in zip(problems, before, now, strict=True):
        if one != other:
            raise ValueRefused(f"{problem} the ones given: start from the first page.")


def _read(text: str) -> tuple[filters.Clause, ...]:
    try:
        return tuple(filters.read(text))
    except FilterRefused as refused:
        raise FilterRefused(
            f"Invalid filter string: {refused.detail}", extra=refused.extra
        ) from None


@router.get("/logged-models/{model_id}")
def get_logged_model(
    model_id: str,
    body: Annotated[Deleted, wire.query(Deleted)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give a model."""
    row = logged_models.get(db, model_id, deleted_too=body.allow_deleted)
    return wire.answer({"model": shapes.models(db, [row])[0]})


@router.patch("/logged-models/{model_id}")
def finalize_logged_model(
    model_id: str, body: Annotated[Finalize, wire.body(Finalize)], db: Db, actor: Writer
) -> Response:
    """Say that the files have arrived, or failed to."""
    row = logged_models.finalize(db, actor, model_id, body.status)
    return wire.answer({"model": shapes.models(db, [row])[0]})


@router.delete("/logged-models/{model_id}")
def delete_logged_model(model_id: str, db: Db, actor: Writer) -> Response:
    """Hide a model."""
    logged_models.mark_deleted(db, actor, model_id)
    return wire.answer()


@router.patch("/logged-models/{model_id}/tags")
def set_logged_model_tags(
    model_id: str, body: Annotated[Tags, wire.body(Tags)], db: Db, actor: Writer
) -> Response:
    """Set tags."""
    row = logged_models.set_tags(db, actor, model_id, wire.pairs(body.tags))
    return wire.answer({"model": shapes.models(db, [row])[0]})


@router.delete("/logged-models/{model_id}/tags/{key:path}")
def delete_logged_model_tag(model_id: str, key: str, db: Db, actor: Writer) -> Response:
    """Remove a tag."""
    logged_models.delete_tag(db, actor, model_id, key)
    return wire.answer()


@router.post("/logged-models/{model_id}/params")
def log_logged_model_params(
    model_id: str, body: Annotated[Params, wire.body(Params)], db: Db, actor: Writer
) -> Response:
    """Add parameters."""
    logged_models.log_params(db, actor, model_id, wire.pairs(body.params))
    return wire.answer()


@router.get("/logged-models/{model_id}/artifacts/directories")
def list_logged_model_artifacts(
    model_id: str,
    body: Annotated[Directory, wire.query(Directory)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """List a folder of a model."""
    row = logged_models.get(db, model_id)
    below = paths.folder(body.artifact_directory_path)
    found = artifacts.entries(db, f"models/{row.id}/{below}")
    return wire.answer({"root_uri": sources.of_model(row), "files": listing(found, below)})
