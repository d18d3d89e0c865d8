"""Takes in rows of models that are served elsewhere, as if a gateway had written them.

Each report is one journal file of a folder of its own, whole or not there at all: from there on
counts, kept rows, drift, outcomes and alerts are those of every other deployment.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.orm import Session

from modelyard_protocol.records import (
    Prediction,
    Skin,
    Source,
    Traffic,
    frame,
    latency_bucket,
)
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import tenancy, trail
from modelyard_server.kernel.clock import utcnow

from . import outcomes
from .errors import ReportRefused
from .journal import SUFFIX
from .outcome_schemas import OutcomeIn
from .reporting_schemas import ReportedRow, ReportIn, ReportReceived

FUTURE = dt.timedelta(minutes=5)  # clocks differ
OLDEST = dt.timedelta(days=30)  # older rows would be pruned at once


def receive(
    db: Session, actor: trail.Who, folder: Path, deployment_id: uuid.UUID, sent: ReportIn
) -> ReportReceived:
    """Write rows to a journal, durably; they are counted from there, each exactly once.

    Raises:
        DeploymentMissing: there is no reported deployment with this id.
        ReportRefused: a row's time cannot be right, or an id occurs twice.
    """
    now = utcnow()
    _refuse_wrong(sent.rows, now)
    subject = deployments.monitored_one(db, actor, deployment_id)
    revision, _ = deployments.served_version(db, actor, deployment_id, sent.version)
    ids = [row.prediction_id or uuid.uuid4().hex for row in sent.rows]
    shared = {
        "workspace_id": tenancy.workspace_of(db),
        "deployment_id": str(deployment_id),
        "revision": revision,
        "version": sent.version,
    }
    known = [
        OutcomeIn(prediction_id=name, value=row.outcome)
        for name, row in zip(ids, sent.rows, strict=True)
        if row.outcome is not None
    ]
    received = outcomes.receive(db, actor, deployment_id, known) if known else None
    trail.record(
        db,
        actor,
        "monitoring.rows_reported",
        object_type="deployment",
        object_id=deployment_id,
        object_name=subject.name,
        after={"rows": len(ids), "version": sent.version},
    )
    _write(folder, [*_predictions(sent.rows, ids, shared, now), *_traffic(sent.rows, shared, now)])
    return ReportReceived(received=len(ids), prediction_ids=ids, outcomes=received)


def _refuse_wrong(rows: Sequence[ReportedRow], now: dt.datetime) -> None:
    named = [row.prediction_id for row in rows if row.prediction_id is not None]
    twice = next((name for name, n in Counter(named).items() if n > 1), None)
    if twice is not None:
        raise ReportRefused(f"The prediction_id {twice!r} occurs more than once.")
    for index, row in enumerate(rows):
        if row.at is not None and not now - OLDEST <= row.at <= now + FUTURE:
            raise ReportRefused(
                f"Row {index}: {row.at.isoformat()} lies in the future or more than "
                f"{OLDEST.days} days back."
            )


def _predictions(
    rows: Sequence[ReportedRow], ids: Sequence[str], shared: dict[str, Any], now: dt.datetime
) -> Iterator[Prediction]:
    for row, name in zip(rows, ids, strict=True):
        request = orjson.dumps({"rows": [row.inputs]}).decode()
        response = orjson.dumps({"predictions": [row.prediction]}).decode()
        yield Prediction(
            id=name,
            at_us=int((row.at or now).timestamp() * 1e6),
            key_id=None,
            skin=Skin.predict,
            source=Source.live,
            status=200,
            total_us=round((row.latency_ms or 0) * 1000),
            model_us=None,
            content_type="application/json",
            request=request,
            response=response,
            request_bytes=len(request),
            response_bytes=len(response),
            weight=1.0,
            **shared,
        )


def _traffic(
    rows: Sequence[ReportedRow], shared: dict[str, Any], now: dt.datetime
) -> Iterator[Traffic]:
    """Count rows per second; latencies where they were told."""
    seconds: dict[int, list[ReportedRow]] = {}
    for row in rows:
        seconds.setdefault(int((row.at or now).timestamp()), []).append(row)
    for at, own in sorted(seconds.items()):
        told = [row.latency_ms for row in own if row.latency_ms is not None]
        yield Traffic(
            at=at,
            requests=len(own),
            by_status={"200": len(own)},
            latency_us=dict(Counter(latency_bucket(ms * 1000) for ms in told)),
            **shared,
        )


def _write(folder: Path, records: Sequence[Prediction | Traffic]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{uuid.uuid4().hex}-000001"
    part = folder / f"{name}.part"
    try:
        with part.open("wb") as stream:
            for record in records:
                stream.write(frame(record.model_dump_json().encode()))
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(folder / f"{name}{SUFFIX}")
    finally:
        part.unlink(missing_ok=True)
