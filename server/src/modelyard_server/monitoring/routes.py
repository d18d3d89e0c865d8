"""HTTP of monitoring: reads, and outcomes that arrive."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, Response

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import (
    capture_routes,
    constraint_routes,
    estimate_routes,
    exposition,
    fleet,
    fleet_view_routes,
    joint_routes,
    live_routes,
    metrics,
    outcome_routes,
    outcome_source_routes,
    safeguard_routes,
    series,
    service,
    shadow_routes,
)
from .measuring import Question
from .ports import Catalogue, NodeFacts
from .schemas import (
    Baseline,
    DistributionOut,
    DriftOut,
    DriftWindow,
    FleetOut,
    FleetRange,
    MovedRows,
    PredictionOut,
    TrafficOut,
    TrafficRange,
)
from .series_schemas import Percentile, SeriesOut, SeriesSignal, SeriesWindow

router = APIRouter(prefix="/api/v1", tags=["monitoring"])
scraped = APIRouter(tags=["monitoring"])
routers = [
    router,
    live_routes.router,
    fleet_view_routes.router,
    scraped,
    capture_routes.router,
    constraint_routes.router,
    outcome_routes.router,
    outcome_source_routes.router,
    estimate_routes.router,
    joint_routes.router,
    safeguard_routes.router,
    shadow_routes.router,
]
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
RowReader = Annotated[Actor, allowed(Permission.predictions_read)]
Known = Annotated[Catalogue, provided(Catalogue)]
Node = Annotated[NodeFacts, provided(NodeFacts)]


def question(
    window: DriftWindow = "24h",
    baseline: Baseline = "training",
    rows: Annotated[int, Query(ge=100, le=1_000_000)] = 1000,
) -> Question:
    """Read what is asked; `rows`: how many the window `count` reaches back over."""
    return Question(window, baseline, rows if window == "count" else 0)


Asked = Annotated[Question, Depends(question)]


def asked_series(
    signal: SeriesSignal = "traffic",
    window: SeriesWindow = "24h",
    percentile: Percentile = "p95",
    feature: Annotated[str | None, Query(min_length=1, max_length=500)] = None,
    metric: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,40}$")] = None,
) -> series.Asked:
    """Read what is asked; `feature`: of drift, `metric`: of accuracy, `percentile`: of latency."""
    return series.Asked(signal, window, percentile, feature, metric)


@scraped.get("/metrics", response_class=PlainTextResponse)
def get_metrics(db: Db, actor: Reader, node: Node) -> Response:
    """Give the workspace's series for Prometheus; scrape it with an API token."""
    return Response(metrics.exposition(db, actor, node), media_type=exposition.CONTENT_TYPE)


@router.get("/fleet")
def get_fleet(
    db: Db,
    actor: Reader,
    node: Node,
    range: FleetRange = "24h",  # noqa: A002 - the parameter's public name
) -> FleetOut:
    """Give every deployment's health, worst first."""
    return fleet.read(db, actor, range, lost=node.lost())


@router.get("/deployments/{deployment_id}/predictions")
def list_predictions(
    deployment_id: uuid.UUID,
    db: Db,
    actor: RowReader,
    codec: Annotated[Cursors, Depends(cursors)],
    status: Literal["all", "ok", "error"] = "all",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[PredictionOut]:
    """Give logged calls with their first rows, newest first."""
    return service.predictions(
        db, actor, codec, deployment_id, status=status, cursor=cursor, limit=limit
    )


@router.get("/deployments/{deployment_id}/traffic")
def get_traffic(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    node: Node,
    range: TrafficRange = "1h",  # noqa: A002 - the parameter's public name
    revision: int | None = None,
) -> TrafficOut:
    """Give calls, errors and latency percentiles over a range."""
    return service.traffic(
        db,
        actor,
        deployment_id,
        range,
        revision=revision,
        lost=node.lost(),
    )


@router.get("/deployments/{deployment_id}/series")
def get_series(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    blobs: Annotated[BlobStore, provided(BlobStore)],
    asked: Annotated[series.Asked, Depends(asked_series)],
) -> SeriesOut:
    """Give one signal over time: an hour to a year."""
    return series.read(db, actor, blobs, deployment_id, asked)


@router.get("/deployments/{deployment_id}/drift")
def get_drift(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    known: Known,
    asked: Asked,
) -> DriftOut:
    """Compare the live version's rows with a baseline, column by column."""
    return service.drift(db, actor, known, deployment_id, asked.window, asked.baseline, asked.rows)


@router.get("/deployments/{deployment_id}/drift/distribution")
def get_distribution(
    deployment_id: uuid.UUID,
    feature: str,
    db: Db,
    actor: Reader,
    known: Known,
    asked: Asked,
) -> DistributionOut:
    """Give one column's histogram, baseline beside window."""
    return service.distribution(
        db, actor, known, deployment_id, feature, asked.window, asked.baseline, asked.rows
    )


@router.get("/deployments/{deployment_id}/drift/rows")
def list_moved_rows(
    deployment_id: uuid.UUID,
    feature: str,
    db: Db,
    actor: RowReader,
    known: Known,
    asked: Asked,
) -> MovedRows:
    """Give logged rows of a column, those from the bin that grew most first."""
    return service.moved_rows(db, actor, known, deployment_id, feature, asked)
