"""The hot routes: `log-metric`, `log-parameter`, `set-tag`, `log-batch`; and metric histories."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, cursors
from modelyard_server.tracking import history, ingest, keys, logged_models, points, runs
from modelyard_server.tracking.errors import ValueRefused
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.gate import Gate, gate
from modelyard_server.workspaces.hot import hot
from modelyard_server.workspaces.permissions import Permission

from . import wire

router = APIRouter(tags=["tracking_mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
WriteGate = Annotated[Gate, gate(Permission.experiments_write)]
_MOST_BATCH_BYTES = 4 * 1024 * 1024  # 100 parameters of 6,000 and tags of 8,000 characters
_MOST_RUNS = 100
_MOST_SAMPLES = 2500
_PAGE = 25_000
_POINT = attrgetter("key", "value", "timestamp", "step")


class MetricFields(msgspec.Struct, gc=False):
    key: str
    value: float
    timestamp: Annotated[int, msgspec.Meta(ge=0)]
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogMetric(MetricFields, kw_only=True, gc=False):
    run_id: str = ""
    run_uuid: str = ""


class LogPair(wire.Pair, kw_only=True):
    run_id: str = ""
    run_uuid: str = ""


class LogBatch(msgspec.Struct):
    run_id: str
    metrics: list[MetricFields] = []
    params: list[wire.Pair] = []
    tags: list[wire.Pair] = []


class History(msgspec.Struct):
    metric_key: str
    run_id: str = ""
    run_uuid: str = ""
    max_results: int | None = None
    page_token: str = ""


class Interval(msgspec.Struct):
    metric_key: str = ""
    run_ids: list[str] = []
    start_step: wire.Whole | None = None
    end_step: wire.Whole | None = None
    max_results: int = _MOST_SAMPLES


@router.post("/runs/log-metric")
@hot
async def log_metric(request: Request, gate: WriteGate) -> Response:
    """Append one point."""
    body = wire.decode(await wire.received(request), LogMetric)
    batch = LogBatch(_run_of(body), metrics=[body])
    return await _logged(gate, batch)


@router.post("/runs/log-parameter")
@hot
async def log_parameter(request: Request, gate: WriteGate) -> Response:
    """Add one parameter."""
    body = wire.decode(await wire.received(request), LogPair)
    return await _logged(gate, LogBatch(_run_of(body), params=[body]))


@router.post("/runs/set-tag")
@hot
async def set_tag(request: Request, gate: WriteGate) -> Response:
    """Set one tag."""
    body = wire.decode(await wire.received(request), LogPair)
    return await _logged(gate, LogBatch(_run_of(body), tags=[body]))


@router.post("/runs/log-batch")
@hot
async def log_batch(request: Request, gate: WriteGate) -> Response:
    """Log metrics, parameters and tags at once, all or nothing."""
    body = wire.decode(await wire.received(request, _MOST_BATCH_BYTES), LogBatch)
    ingest.refuse_too_many(body.metrics, body.params, body.tags)
    return await _logged(gate, body)


def _run_of(body: LogMetric | LogPair | History) -> str:
    found = body.run_id or body.run_uuid
    if not found:
        raise ValueRefused(http.parameter_missing("run_id"))
    return found


async def _logged(gate: Gate, batch: LogBatch) -> Response:
    points = ingest.grouped(map(_POINT, batch.metrics))
    params = ingest.cut(((p.key, p.value) for p in batch.params), ingest.LONGEST_PARAM)
    tags = dict(ingest.cut(((t.key, t.value) for t in batch.tags), ingest.LONGEST_TAG))
    keys.refuse_unnamed((*points, *(key for key, _ in params), *tags))
    of_models = [
        logged_models.MetricOf(
            m.model_id,
            ingest.Point(m.key, m.value, m.timestamp, m.step),
            m.dataset_name,
            m.dataset_digest,
        )
        for m in batch.metrics
        if m.model_id
    ]

    def write(db: Session, _actor: Actor) -> None:
        run = ingest.target(db, batch.run_id)
        ingest.write_params(db, run, params)
        ingest.write_points(db, run, points)
        ingest.write_tags(db, run, tags)
        if runs.NAME_TAG in tags:
            runs.set_name(db, run, tags[runs.NAME_TAG])
        if of_models:
            logged_models.write_metrics(db, run, of_models)

    await gate.run(write, write=True)
    return wire.answer()


@router.get("/metrics/get-history")
def get_history(
    body: Annotated[History, wire.query(History)],
    db: Db,
    actor: Reader,
    codec: Annotated[Cursors, Depends(cursors)],
) -> Response:
    """Give the history of a metric; without `max_results` all of it."""
    run = runs.get(db, _run_of(body))
    if body.max_results is not None:
        wire.within("max_results", body.max_results, 1, 2**31 - 1)
    scope = f"{actor.workspace_id}/history-after/{run.uid}/{body.metric_key}"
    after = points.place(codec.open(scope, body.page_token)) if body.page_token else points.START
    if body.max_results is None and not body.page_token:
        found, more = history.points(db, run.id, body.metric_key), False
    else:
        size = min(body.max_results or _PAGE, _PAGE)
        found = history.points(db, run.id, body.metric_key, most=size + 1, after=after)
        found, more = found[:size], len(found) > size
    token = codec.seal(scope, history.place(found[-1])) if more else None
    return wire.answer(
        {"metrics": [point(body.metric_key, p) for p in found], "next_page_token": token}
    )


@router.get("/metrics/get-history-bulk-interval")
def get_history_bulk_interval(
    body: Annotated[Interval, wire.query(Interval)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give samples of a metric for many runs, at common steps."""
    if not body.run_ids:
        raise ValueRefused(http.parameter_missing("run_ids"))
    if not body.metric_key:
        raise ValueRefused(http.parameter_missing("metric_key"))
    if len(body.run_ids) > _MOST_RUNS:
        raise ValueRefused(
            "GetMetricHistoryBulkInterval request must specify at most "
            f"{_MOST_RUNS} run_ids. Received {len(body.run_ids)} run_ids."
        )
    if not 1 <= body.max_results <= _MOST_SAMPLES:
        raise ValueRefused(f"max_results must be between 1 and {_MOST_SAMPLES}.")
    if (body.start_step is None) != (body.end_step is None):
        raise ValueRefused(
            "If either start step or end step are specified, both must be specified."
        )
    if (
        body.start_step is not None
        and body.end_step is not None
        and body.start_step > body.end_step
    ):
        raise ValueRefused(
            "end_step must be greater than start_step. "
            f"Found start_step={body.start_step} and end_step={body.end_step}."
        )
    uids = {runs.get(db, run_id).id: run_id for run_id in body.run_ids}
    samples = history.sampled_steps(
        db, list(uids), body.metric_key, (body.start_step, body.end_step), body.max_results
    )
    return wire.answer(
        {
            "metrics": [
                {**point(body.metric_key, logged), "run_id": uid}
                for number, uid in uids.items()
                for logged in samples.get(number, [])
            ]
        }
    )


def point(key: str, logged: history.Logged) -> dict[str, Any]:
    """Give one point of a history."""
    return {
        "key": key,
        "value": wire.number(logged.value),
        "timestamp": logged.at_ms,
        "step": logged.step,
    }
