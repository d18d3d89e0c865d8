"""What MLflow's own pages ask for, and scripts that were written against them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.tracking import content, experiments, history, inputs, logged_models, runs
from modelyard_server.tracking.errors import ValueRefused
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import metrics, wire
from .artifacts import upload_artifact

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
bare = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Files = Annotated[Gate, gate(Permission.artifacts_read)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
_MOST_RUNS = 100
_MOST_EXPERIMENTS = 20
_MOST_POINTS = 25_000


class HistoryOfRuns(msgspec.Struct):
    run_id: list[str] = []
    metric_key: str = ""
    max_results: int = _MOST_POINTS


class DatasetSearch(msgspec.Struct):
    experiment_ids: list[str] = []


class RunFile(msgspec.Struct):
    run_id: str = ""
    run_uuid: str = ""
    path: str = ""


class ModelFile(msgspec.Struct):
    artifact_file_path: str


@router.get("/metrics/get-history-bulk")
def get_history_bulk(
    body: Annotated[HistoryOfRuns, wire.query(HistoryOfRuns)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give the histories of a metric of many runs, run by run."""
    if not body.run_id:
        raise ValueRefused("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(body.run_id) > _MOST_RUNS:
        raise ValueRefused(
            f"GetMetricHistoryBulk request cannot specify more than {_MOST_RUNS} run_ids. "
            f"Received {len(body.run_id)} run_ids."
        )
    if not body.metric_key:
        raise ValueRefused("GetMetricHistoryBulk request must specify a metric_key.")
    left = wire.within("max_results", body.max_results, 1, _MOST_POINTS)
    shown = []
    for run_id in sorted(set(body.run_id)):
        run = runs.get(db, run_id)
        found = history.points(db, run.id, body.metric_key, most=left) if left else []
        shown += [{**metrics.point(body.metric_key, p), "run_id": run.uid} for p in found]
        left -= len(found)
    return wire.answer({"metrics": shown})


@router.post("/experiments/search-datasets", dependencies=wire.READS)
def search_datasets(
    body: Annotated[DatasetSearch, wire.body(DatasetSearch)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """List the datasets that runs of experiments read, with what they were for."""
    if not body.experiment_ids:
        raise ValueRefused("SearchDatasets request must specify at least one experiment_id.")
    if len(body.experiment_ids) > _MOST_EXPERIMENTS:
        raise ValueRefused(
            f"SearchDatasets request cannot specify more than {_MOST_EXPERIMENTS} experiment_ids. "
            f"Received {len(body.experiment_ids)} experiment_ids."
        )
    numbers = experiments.numbers_of(body.experiment_ids)
    shown = [
        {"experiment_id": str(found.experiment_id), "name": found.name, "digest": found.digest}
        | ({"context": found.role} if found.role else {})
        for found in inputs.summaries(db, numbers)
    ]
    return wire.answer({"dataset_summaries": shown})


@router.get("/logged-models/{model_id}/artifacts/files")
async def get_logged_model_artifact(
    model_id: str,
    body: Annotated[ModelFile, wire.query(ModelFile)],
    request: Request,
    gate: Files,
    blobs: Blobs,
) -> Response:
    """Send a file of a logged model as an attachment."""
    path = paths.checked(body.artifact_file_path)

    def find(db: Session, actor: Actor) -> tuple[int, artifacts.StoredFile]:
        row = logged_models.get(db, model_id)
        return actor.workspace_id, artifacts.find(db, f"models/{row.id}/{path}")

    workspace_id, file = await gate.run(find, write=False)
    return content.download(request, blobs, workspace_id, file, is_typed=True)


@router.post("/upload-artifact")
async def upload_run_artifact(
    body: Annotated[RunFile, wire.query(RunFile)],
    request: Request,
    gate: Annotated[Gate, gate(Permission.artifacts_write)],
    blobs: Blobs,
    settings: Annotated[Settings, provided(Settings)],
) -> Response:
    """Receive one file of a run."""
    run_id = body.run_id or body.run_uuid
    if not run_id:
        raise ValueRefused("Request must specify run_uuid.")
    if not body.path:
        raise ValueRefused("Request must specify path.")
    paths.checked(body.path)
    if content.announced_bytes(request) in {None, 0}:
        raise ValueRefused("Request must specify data.")
    return await upload_artifact(f"runs/{run_id}/{body.path}", request, gate, blobs, settings)


@bare.get("/get-artifact")
async def get_artifact(
    body: Annotated[RunFile, wire.query(RunFile)], request: Request, gate: Files, blobs: Blobs
) -> Response:
    """Send a file of a run as an attachment."""
    path = paths.checked(body.path)

    def find(db: Session, actor: Actor) -> tuple[int, artifacts.StoredFile]:
        run = runs.get(db, body.run_id or body.run_uuid)
        return actor.workspace_id, artifacts.find(db, f"runs/{run.uid}/{path}")

    workspace_id, file = await gate.run(find, write=False)
    return content.download(request, blobs, workspace_id, file, is_typed=True)
