"""Evaluation datasets as MLflow's client manages them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors, parameter_invalid
from modelyard_server.tracking import experiments
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import datasets
from .errors import DatasetRefused
from .models import EvaluationDataset, EvaluationRecord

router = APIRouter(
    prefix="/api/3.0/mlflow/datasets", tags=["evaluation_datasets"], include_in_schema=False
)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
Codec = Annotated[Cursors, Depends(cursors)]
_MOST_BYTES = 16 * 1024 * 1024
_MOST_PAGE = 1000


class Create(msgspec.Struct):
    name: str
    experiment_ids: list[str] = []
    tags: str = ""


class Search(msgspec.Struct):
    experiment_ids: list[str] = []
    filter_string: str = ""
    max_results: int = _MOST_PAGE
    order_by: list[str] = []
    page_token: str = ""


class Records(msgspec.Struct):
    records: str


class RecordPage(msgspec.Struct):
    max_results: int = _MOST_PAGE
    page_token: str = ""


class RecordIds(msgspec.Struct):
    dataset_record_ids: list[str] = []


class Tags(msgspec.Struct):
    tags: str


class Experiments(msgspec.Struct):
    experiment_ids: list[str] = []


@router.post("/create")
def create_dataset(body: Annotated[Create, wire.body(Create)], db: Db, actor: Writer) -> Response:
    """Make a dataset."""
    tags = _object("tags", body.tags) if body.tags else {}
    return _answer(db, datasets.create(db, actor, body.name, tags, body.experiment_ids))


@router.get("/search")
def search_datasets_get(
    body: Annotated[Search, wire.query(Search)], db: Db, actor: Reader, codec: Codec
) -> Response:
    """Find datasets."""
    return _search(db, actor, body, codec)


@router.post("/search", dependencies=wire.READS)
def search_datasets(
    body: Annotated[Search, wire.body(Search)], db: Db, actor: Reader, codec: Codec
) -> Response:
    """Find datasets."""
    return _search(db, actor, body, codec)


@router.get("/{dataset_id}")
def get_dataset(dataset_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give a dataset without its records."""
    return _answer(db, datasets.get(db, dataset_id))


@router.delete("/{dataset_id}")
def delete_dataset(dataset_id: str, db: Db, actor: Writer) -> Response:
    """Delete a dataset with its records."""
    datasets.remove(db, actor, dataset_id)
    return wire.answer()


@router.post("/{dataset_id}/records")
def upsert_records(
    dataset_id: str,
    body: Annotated[Records, wire.body(Records, most_bytes=_MOST_BYTES)],
    db: Db,
    actor: Writer,
) -> Response:
    """Add records, or complete those with the same inputs."""
    sent = _json("records", body.records)
    if not isinstance(sent, list):
        raise DatasetRefused(parameter_invalid("records", body.records, "It is a list, as JSON."))
    inserted, updated = datasets.upsert(db, actor, dataset_id, sent)
    return wire.answer({"inserted_count": inserted, "updated_count": updated})


@router.get("/{dataset_id}/records")
def get_records(
    dataset_id: str,
    body: Annotated[RecordPage, wire.query(RecordPage)],
    db: Db,
    actor: Reader,
    codec: Codec,
) -> Response:
    """Give a page of records."""
    size = wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    scope = f"{actor.workspace_id}/evaluation-records/{dataset_id}"
    offset = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    found = datasets.records(db, dataset_id, offset=offset, limit=size)
    token = codec.seal(scope, [offset + size]) if len(found) > size else None
    shown = json.dumps([_record(row) for row in found[:size]])
    return wire.answer({"records": shown, "next_page_token": token})


@router.delete("/{dataset_id}/records")
def delete_records(
    dataset_id: str, body: Annotated[RecordIds, wire.body(RecordIds)], db: Db, actor: Writer
) -> Response:
    """Delete records."""
    gone = datasets.remove_records(db, actor, dataset_id, body.dataset_record_ids)
    return wire.answer({"deleted_count": gone})


@router.patch("/{dataset_id}/tags")
def set_dataset_tags(
    dataset_id: str, body: Annotated[Tags, wire.body(Tags)], db: Db, actor: Writer
) -> Response:
    """Set tags; a value of null removes one."""
    return _answer(db, datasets.set_tags(db, actor, dataset_id, _object("tags", body.tags)))


@router.delete("/{dataset_id}/tags/{key:path}")
def delete_dataset_tag(dataset_id: str, key: str, db: Db, actor: Writer) -> Response:
    """Remove a tag."""
    datasets.delete_tag(db, actor, dataset_id, key)
    return wire.answer()


@router.get("/{dataset_id}/experiment-ids")
def get_dataset_experiments(dataset_id: str, db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """List the experiments a dataset is used in."""
    row = datasets.get(db, dataset_id)
    return wire.answer({"experiment_ids": datasets.experiments_of(db, row.id)})


@router.post("/{dataset_id}/add-experiments")
def add_dataset_to_experiments(
    dataset_id: str, body: Annotated[Experiments, wire.body(Experiments)], db: Db, actor: Writer
) -> Response:
    """Use a dataset in more experiments."""
    return _answer(db, datasets.use_in(db, actor, dataset_id, body.experiment_ids))


@router.post("/{dataset_id}/remove-experiments")
def remove_dataset_from_experiments(
    dataset_id: str, body: Annotated[Experiments, wire.body(Experiments)], db: Db, actor: Writer
) -> Response:
    """Use a dataset in fewer experiments."""
    return _answer(db, datasets.stop_using(db, actor, dataset_id, body.experiment_ids))


def _search(db: Session, actor: Actor, body: Search, codec: Cursors) -> Response:
    size = wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    numbers = experiments.numbers_of(body.experiment_ids)
    scope = (
        f"{actor.workspace_id}/evaluation-datasets/{body.experiment_ids}/{body.filter_string}"
        f"/{body.order_by}"
    )
    offset = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    asked = body.experiment_ids and not numbers
    found = [] if asked else datasets.find(db, numbers, body.filter_string, body.order_by)
    page, end = found[offset : offset + size], offset + size
    token = codec.seal(scope, [end]) if end < len(found) else None
    return wire.answer({"datasets": [_shown(db, row) for row in page], "next_page_token": token})


def _answer(db: Session, row: EvaluationDataset) -> Response:
    return wire.answer({"dataset": _shown(db, row)})


def _shown(db: Session, row: EvaluationDataset) -> dict[str, Any]:
    """Write a dataset; clients ask for its experiments at an address of their own."""
    shown = {
        "dataset_id": row.id,
        "name": row.name,
        "tags": json.dumps(row.tags),
        "digest": row.digest,
        "created_time": row.created_ms,
        "last_update_time": row.updated_ms,
        "last_updated_by": row.updated_by_name,
    }
    maker, records = datasets.said_to_be_of(row), datasets.count(db, row.id)
    if maker is not None:
        shown["created_by"] = maker
    if records:
        shown["profile"] = json.dumps({"num_records": records})
    if row.fields is not None:
        shown["schema"] = json.dumps(row.fields)
    return shown


def _record(row: EvaluationRecord) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "dataset_record_id": row.id,
        "dataset_id": row.dataset_id,
        "created_time": row.created_ms,
        "last_update_time": row.updated_ms,
        "created_by": row.created_by_name,
        "last_updated_by": row.updated_by_name,
        **row.content,
    }
    source = row.content.get("source")
    if isinstance(source, dict) and isinstance(source.get("source_type"), str):
        shown["source_type"] = source["source_type"]
    return shown


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DatasetRefused(parameter_invalid(name, text, "It is JSON in a text.")) from None


def _object(name: str, text: str) -> dict[str, Any]:
    found = _json(name, text)
    if not isinstance(found, dict):
        raise DatasetRefused(parameter_invalid(name, text, "It is an object, as JSON."))
    return found
