"""`runs/*` that are not hot: start, read, change, delete, restore, search, inputs and outputs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking import experiments, filters, ingest, inputs, keys, runs, search
from modelyard_server.tracking.errors import TagMissing, ValueRefused
from modelyard_server.tracking.inputs import NewDataset
from modelyard_server.tracking.tags import delete_tag, tag
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import shapes, wire

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
_MOST = 50_000
_MOST_DATASETS_BYTES = 20 * 1024 * 1024  # a profile may have 16 MiB


class ById(msgspec.Struct):
    run_id: str = ""
    run_uuid: str = ""

    @property
    def id(self) -> str:
        """Whichever of the two names the client used.

        Raises:
            ValueRefused: neither.
        """
        found = self.run_id or self.run_uuid
        if not found:
            raise ValueRefused(http.parameter_missing("run_id"))
        return found


class Create(msgspec.Struct):
    experiment_id: str = "0"
    user_id: str = ""
    run_name: str = ""
    start_time: wire.Whole | None = None
    tags: list[wire.Pair] = []


class Update(ById):
    status: str | None = None
    end_time: wire.Whole | None = None
    run_name: str | None = None


class DeleteTag(msgspec.Struct):
    run_id: str
    key: str


class Search(msgspec.Struct):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: str = "ACTIVE_ONLY"
    max_results: int = 1000
    order_by: list[str] = []
    page_token: str = ""


class DatasetFields(msgspec.Struct):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct):
    dataset: DatasetFields
    tags: list[wire.Pair] = []


class ModelLink(msgspec.Struct):
    model_id: str
    step: wire.Whole = 0


class LogInputs(msgspec.Struct):
    run_id: str
    datasets: list[DatasetInput] = []
    models: list[ModelLink] = []


class LogOutputs(msgspec.Struct):
    run_id: str
    models: list[ModelLink] = []


class LogModel(msgspec.Struct):
    run_id: str
    model_json: str


@router.post("/runs/create")
def create_run(body: Annotated[Create, wire.body(Create)], db: Db, actor: Writer) -> Response:
    """Start a run."""
    tags = dict(ingest.cut(((t.key, t.value) for t in body.tags), ingest.LONGEST_TAG))
    keys.refuse_unnamed(tags)
    new = runs.NewRun(body.experiment_id or "0", body.run_name or None, body.start_time, tags)
    run = runs.create(db, actor, new)
    return wire.answer({"run": shapes.full_runs(db, [run])[0]})


@router.get("/runs/get")
def get_run(body: Annotated[ById, wire.query(ById)], db: Db, actor: Reader) -> Response:  # noqa: ARG001
    """Give a run."""
    return wire.answer({"run": shapes.full_runs(db, [runs.get(db, body.id)])[0]})


@router.post("/runs/update")
def update_run(body: Annotated[Update, wire.body(Update)], db: Db, actor: Writer) -> Response:
    """Finish, resume or rename a run."""
    run = runs.change(
        db, actor, body.id, status=body.status, ended_ms=body.end_time, name=body.run_name
    )
    return wire.answer({"run_info": shapes.run_info(run)})


@router.post("/runs/delete")
def delete_run(body: Annotated[ById, wire.body(ById)], db: Db, actor: Writer) -> Response:
    """Hide a run."""
    runs.mark_deleted(db, actor, body.id)
    return wire.answer()


@router.post("/runs/restore")
def restore_run(body: Annotated[ById, wire.body(ById)], db: Db, actor: Writer) -> Response:
    """Bring a run back."""
    runs.restore(db, actor, body.id)
    return wire.answer()


@router.post("/runs/delete-tag")
def delete_run_tag(
    body: Annotated[DeleteTag, wire.body(DeleteTag)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Remove a tag."""
    if not delete_tag(db, ingest.target(db, body.run_id), body.key):
        raise TagMissing(f"No tag with name: {body.key[:80]} in run with id {body.run_id}.")
    return wire.answer()


@router.post("/runs/search", dependencies=wire.READS)
def search_runs(
    body: Annotated[Search, wire.body(Search)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """Find runs."""
    wire.within("max_results", body.max_results, 1, _MOST)
    scope = (
        f"{actor.workspace_id}/runs/{body.experiment_ids}/{body.filter}/{body.run_view_type}"
        f"/{body.order_by}"
    )
    after = codec.open(scope, body.page_token) if body.page_token else None
    wanted = search.Wanted(
        experiments.numbers_of(body.experiment_ids),
        list(search.active_and_deleted(body.run_view_type)),
        filters.read(body.filter),
        filters.read_order(body.order_by),
    )
    found = search.find(db, wanted, limit=body.max_results, after=after)
    token = codec.seal(scope, found.end) if found.end else None
    return wire.answer({"runs": shapes.full_runs(db, found.runs), "next_page_token": token})


@router.post("/runs/log-inputs")
def log_inputs(
    body: Annotated[LogInputs, wire.body(LogInputs, most_bytes=_MOST_DATASETS_BYTES)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Note which datasets and models a run reads."""
    run = ingest.target(db, body.run_id)
    new = [
        NewDataset(
            d.dataset.name,
            d.dataset.digest,
            d.dataset.source_type,
            d.dataset.source,
            d.dataset.schema,
            d.dataset.profile,
            wire.pairs(d.tags),
        )
        for d in body.datasets
    ]
    inputs.log_datasets(db, run, new)
    inputs.log_models(db, run, [(m.model_id, m.step) for m in body.models], is_output=False)
    return wire.answer()


@router.post("/runs/outputs")
def log_outputs(
    body: Annotated[LogOutputs, wire.body(LogOutputs)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Note which models a run writes."""
    run = ingest.target(db, body.run_id)
    inputs.log_models(db, run, [(m.model_id, m.step) for m in body.models], is_output=True)
    return wire.answer()


@router.post("/runs/log-model")
def log_model_legacy(
    body: Annotated[LogModel, wire.body(LogModel)],
    db: Db,
    actor: Writer,  # noqa: ARG001
) -> Response:
    """Keep what clients before MLflow 3 say about a model: in the tag they read it from."""
    run = ingest.target(db, body.run_id)
    try:
        entry = msgspec.json.decode(body.model_json)
    except msgspec.DecodeError:
        raise ValueRefused("model_json is not JSON.") from None
    history = msgspec.json.decode(tag(db, run, "mlflow.log-model.history") or "[]")
    told = msgspec.json.encode([*history, entry]).decode()
    ingest.write_tags(db, run, {"mlflow.log-model.history": told})
    return wire.answer()
