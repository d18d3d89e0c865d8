"""Routes of experiments and runs for the web application, and MLflow's protocol beside them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.permissions import Permission

from . import (
    content,
    experiments,
    filters,
    live_routes,
    queries,
    run_table,
    runs,
    search,
    table_routes,
    upload_routes,
    viewing_routes,
)
from .mlflow import artifacts as mlflow_artifacts
from .mlflow import experiments as mlflow_experiments
from .mlflow import logged_models as mlflow_logged_models
from .mlflow import metrics as mlflow_metrics
from .mlflow import multipart as mlflow_multipart
from .mlflow import pages as mlflow_pages
from .mlflow import runs as mlflow_runs
from .mlflow import server as mlflow_server
from .mlflow import wire
from .models import ACTIVE
from .ports import VersionsOfRun
from .schemas import ArtifactOut, ExperimentCreate, ExperimentOut, MetricSeries, RunOut, RunSummary

UNAUDITED = {
    "log_metric": "points of a run, thousands a minute: the run itself is the record",
    "log_parameter": "written once and never changed: the run itself is the record",
    "set_tag": "part of what a run logs",
    "delete_run_tag": "part of what a run logs",
    "log_batch": "points, parameters and tags of a run, thousands a minute",
    "log_inputs": "part of what a run logs",
    "log_outputs": "part of what a run logs",
    "log_model_legacy": "part of what a run logs",
    "upload_part": "part of an upload that is itself audited",
    "upload_artifact": "files of a run or model that is itself audited",
    "upload_run_artifact": "files of a run that is itself audited",
}
"""Changing routes that leave no audit entry, by function name, each with its reason."""

router = APIRouter(prefix="/api/v1", tags=["tracking"])
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]
Creator = Annotated[Actor, allowed(Permission.experiments_create)]
Codec = Annotated[Cursors, Depends(cursors)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/experiments")
def list_experiments(
    db: Db,
    actor: Reader,
    codec: Codec,
    q: str | None = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[ExperimentOut]:
    """List active experiments, newest first."""
    scope = f"{actor.workspace_id}/web/experiments/{q}"
    after = codec.open(scope, cursor) if cursor else None
    rows = queries.experiments(db, q=q, after=after, limit=limit + 1)
    page = rows[:limit]
    return Page(
        items=queries.shown_experiments(db, page),
        next_cursor=codec.seal(scope, [page[-1].id]) if len(rows) > limit else None,
        total=queries.count_experiments(db, q),
    )


@router.post("/experiments", status_code=201)
def create_experiment(body: ExperimentCreate, db: Db, actor: Creator) -> ExperimentOut:
    """Make an experiment."""
    return queries.shown_experiments(db, [experiments.create(db, actor, body.name)])[0]


@router.get("/experiments/{experiment_id}")
def get_experiment(experiment_id: str, db: Db, actor: Reader) -> ExperimentOut:  # noqa: ARG001
    """Give an experiment."""
    return queries.shown_experiments(db, [experiments.get(db, experiment_id)])[0]


@router.delete("/experiments/{experiment_id}", status_code=204)
def delete_experiment(experiment_id: str, db: Db, actor: Writer) -> None:
    """Hide an experiment with its runs; MLflow's client can restore it."""
    experiments.mark_deleted(db, actor, experiment_id)


@router.get("/experiments/{experiment_id}/runs")
def list_runs(
    experiment_id: str,
    db: Db,
    actor: Reader,
    codec: Codec,
    filter: str | None = None,  # noqa: A002 - the name in the contract
    order_by: str | None = None,
    column: Annotated[list[str] | None, Query(max_length=100)] = None,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[RunSummary]:
    """List runs; `filter` and `order_by` are MLflow's. Each `column` names what is shown.

    Without any `column` runs come with all they logged; `column=` alone gives none of it.
    """
    experiment = experiments.get(db, experiment_id)
    scope = f"{actor.workspace_id}/web/runs/{experiment.id}/{filter}/{order_by}"
    wanted = search.Wanted(
        [experiment.id],
        [ACTIVE],
        filters.read(filter),
        filters.read_order([order_by] if order_by else None),
    )
    after = codec.open(scope, cursor) if cursor else None
    shown = None if column is None else [name for name in column if name]
    found = search.find(db, wanted, limit=limit, after=after)
    return Page(
        items=[RunSummary.model_validate(s) for s in run_table.rows(db, found.runs, shown)],
        next_cursor=codec.seal(scope, found.end) if found.end else None,
        total=None if cursor else search.count(db, wanted),
    )


@router.get("/runs/{run_id}")
def get_run(
    run_id: str,
    db: Db,
    actor: Reader,  # noqa: ARG001
    versions: Annotated[VersionsOfRun, provided(VersionsOfRun)],
) -> RunOut:
    """Give a run with what it logged."""
    return queries.run(db, versions, run_id)


@router.delete("/runs/{run_id}", status_code=204)
def delete_run(run_id: str, db: Db, actor: Writer) -> None:
    """Hide a run; MLflow's client can restore it."""
    runs.mark_deleted(db, actor, run_id)


@router.get("/runs/{run_id}/metrics")
def get_metric_series(
    run_id: str,
    key: str,
    db: Db,
    actor: Reader,  # noqa: ARG001
    max_points: Annotated[int, Query(ge=4, le=10_000)] = 1000,
) -> MetricSeries:
    """Give a metric's curve, thinned for a chart."""
    return queries.series(db, run_id, key, max_points)


@router.get("/runs/{run_id}/artifacts")
def list_run_artifacts(
    run_id: str,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.artifacts_read)],  # noqa: ARG001
    path: str | None = None,
) -> list[ArtifactOut]:
    """List a folder of a run; files of its logged models lie below `models/<name>`."""
    return [
        ArtifactOut(path=e.path, is_dir=e.is_dir, size_bytes=e.size_bytes, sha256=e.sha256)
        for e in queries.run_entries(db, run_id, path)
    ]


@router.get("/runs/{run_id}/artifacts/content", response_class=Response)
async def download_run_artifact(
    run_id: str,
    path: str,
    request: Request,
    gate: Annotated[Gate, gate(Permission.artifacts_read)],
    blobs: Annotated[BlobStore, provided(BlobStore)],
) -> Response:
    """Send a file as an attachment; a single `Range` is honoured."""

    def find(db: Session, actor: Actor) -> tuple[int, StoredFile]:
        return actor.workspace_id, queries.run_file(db, run_id, path)

    workspace_id, file = await gate.run(find, write=False)
    return content.download(request, blobs, workspace_id, file)


def _mlflow() -> list[APIRouter]:
    """MLflow's routes answer below both of its version prefixes."""
    made = [mlflow_server.router, mlflow_artifacts.proxy, mlflow_pages.bare]
    for prefix in wire.PREFIXES:
        versioned = APIRouter(prefix=prefix)
        for part in (
            mlflow_experiments,
            mlflow_runs,
            mlflow_metrics,
            mlflow_logged_models,
            mlflow_artifacts,
            mlflow_pages,
        ):
            versioned.include_router(part.router)
        made.append(versioned)
    return made


routers = [
    router,
    live_routes.router,
    table_routes.router,
    upload_routes.router,
    mlflow_multipart.router,
    viewing_routes.router,
    viewing_routes.content,
    *_mlflow(),
]
