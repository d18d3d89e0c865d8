"""Statistics of traces as MLflow's client asks for them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Response

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking import experiments
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import correlation, metrics

router = APIRouter(prefix="/api/3.0/mlflow/traces", tags=["traces"], include_in_schema=False)
Codec = Annotated[Cursors, Depends(cursors)]
_MOST_PAGE = 1000


class Aggregation(msgspec.Struct):
    aggregation_type: Literal["COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"]
    percentile_value: float | None = None


class Measure(msgspec.Struct):
    experiment_ids: list[str]
    view_type: Literal["TRACES", "SPANS", "ASSESSMENTS"]
    metric_name: str
    aggregations: list[Aggregation]
    dimensions: list[str] = []
    filters: list[str] = []
    time_interval_seconds: wire.Whole | None = None
    start_time_ms: wire.Whole | None = None
    end_time_ms: wire.Whole | None = None
    max_results: int = _MOST_PAGE
    page_token: str = ""


class Correlate(msgspec.Struct):
    experiment_ids: list[str]
    filter_string1: str
    filter_string2: str
    base_filter: str = ""


@router.post("/calculate-filter-correlation", dependencies=wire.READS)
def correlate_filters(
    body: Annotated[Correlate, wire.body(Correlate)],
    db: Db,
    actor: Annotated[Actor, allowed(Permission.experiments_read)],  # noqa: ARG001
) -> Response:
    """Say how far two filters find the same traces."""
    found = correlation.measure(
        db,
        experiments.numbers_of(body.experiment_ids),
        body.filter_string1,
        body.filter_string2,
        body.base_filter,
    )
    return wire.answer(
        {
            "npmi": wire.number_or_nan(found.npmi),
            "npmi_smoothed": wire.number_or_nan(found.smoothed),
            "filter1_count": found.first,
            "filter2_count": found.second,
            "joint_count": found.both,
            "total_count": found.total,
        }
    )


@router.post("/metrics", dependencies=wire.READS)
def query_metrics(
    body: Annotated[Measure, wire.body(Measure)],
    db: Db,
    actor: Annotated[Actor, allowed(Permission.experiments_read)],
    codec: Codec,
) -> Response:
    """Count and measure traces, their spans or what was said about them, by groups."""
    wire.within("max_results", body.max_results, 1, _MOST_PAGE)
    asked = metrics.Question(
        experiments.numbers_of(body.experiment_ids),
        body.view_type,
        body.metric_name,
        [metrics.Aggregation(a.aggregation_type, a.percentile_value) for a in body.aggregations],
        body.dimensions,
        body.filters,
        body.time_interval_seconds,
        body.start_time_ms,
        body.end_time_ms,
    )
    scope = f"{actor.workspace_id}/trace-metrics/{asked}"
    start = int(codec.open(scope, body.page_token)[0]) if body.page_token else 0
    found, end = metrics.measure(db, asked), start + body.max_results
    shown = [
        {"metric_name": body.metric_name, "dimensions": p.dimensions, "values": p.values}
        for p in found[start:end]
    ]
    token = codec.seal(scope, [end]) if end < len(found) else None
    return wire.answer({"data_points": shown, "next_page_token": token})
