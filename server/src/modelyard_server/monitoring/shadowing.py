"""What copies of calls add to the counts and samples of shadow revisions."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import Signature
from modelyard_protocol.records import Mirrored, Prediction, Shadowed, Source
from modelyard_server.kernel import tenancy

from .capture import capture
from .latency import Counts, merge
from .models import ShadowCall, ShadowCount
from .policy import Policy

HOUR = 3600
Key = tuple[uuid.UUID, int, int]
"""Deployment, shadow revision, start of the hour in epoch seconds."""


@dataclass(slots=True)
class Copies:
    """Counts to be added to one `ShadowCount`."""

    version: int = 0
    calls: int = 0
    failed: int = 0
    dropped: int = 0
    rows: int = 0
    differing: int = 0
    latency: Counts = field(default_factory=dict)
    live_latency: Counts = field(default_factory=dict)

    def add(self, record: Mirrored) -> None:
        """Add one second of one gateway worker."""
        self.version = record.version
        self.calls += record.calls
        self.failed += record.failed
        self.dropped += record.dropped
        self.rows += record.rows
        self.differing += record.differing
        self.latency = merge(self.latency, record.model_us)
        self.live_latency = merge(self.live_latency, record.live_model_us)


def key_of(deployment_id: uuid.UUID, record: Mirrored) -> Key:
    """Give the count that a record belongs to."""
    return deployment_id, record.revision, record.at // HOUR * HOUR


def sampled(
    records: Sequence[Shadowed],
    deployment_id: uuid.UUID,
    signature: Signature,
    policy: Policy,
    key: bytes,
) -> list[dict[str, Any]]:
    """Give rows of `ShadowCall`; inputs are kept as the capture policy allows."""
    captured = capture([_as_call(record) for record in records], signature, policy, key)
    return [
        {
            "workspace_id": record.workspace_id,
            "id": uuid.uuid4(),
            "deployment_id": deployment_id,
            "revision": record.revision,
            "prediction_id": record.id[:128],
            "at": dt.datetime.fromtimestamp(record.at_us / 1e6, dt.UTC),
            "inputs": call.inputs,
            "outputs": call.outputs,
            "shadow_outputs": _text(record.predictions),
            "differs": record.differs,
            "error": record.error,
        }
        for record, call in zip(records, captured.calls, strict=True)
    ]


def apply(
    db: Session,
    counted: Mapping[Key, Copies],
    rows: Sequence[dict[str, Any]],
    deployments: Collection[uuid.UUID],
) -> None:
    """Add a batch; what belongs to deployments that are gone is dropped."""
    for key, copies in counted.items():
        if key[0] in deployments:
            _add(db, key, copies)
    kept = [row for row in rows if row["deployment_id"] in deployments]
    if kept:
        db.execute(insert(ShadowCall.__table__), kept)  # type: ignore[arg-type]


def _add(db: Session, key: Key, copies: Copies) -> None:
    deployment_id, revision, start = key
    at = dt.datetime.fromtimestamp(start, dt.UTC)
    row = db.scalar(
        select(ShadowCount).where(
            ShadowCount.deployment_id == deployment_id,
            ShadowCount.revision == revision,
            ShadowCount.at == at,
        )
    )
    if row is None:
        row = ShadowCount(
            workspace_id=tenancy.workspace_of(db),
            id=uuid.uuid4(),
            deployment_id=deployment_id,
            revision=revision,
            version=copies.version,
            at=at,
            calls=0,
            failed=0,
            dropped=0,
            rows=0,
            differing=0,
            latency={},
            live_latency={},
        )
        db.add(row)
    for name in ("calls", "failed", "dropped", "rows", "differing"):
        setattr(row, name, getattr(row, name) + getattr(copies, name))
    row.latency = _merged(row.latency, copies.latency)
    row.live_latency = _merged(row.live_latency, copies.live_latency)


def _merged(held: Mapping[str, int], more: Counts) -> dict[str, int]:
    total = merge({int(bucket): calls for bucket, calls in held.items()}, more)
    return {str(bucket): calls for bucket, calls in total.items()}


def _as_call(record: Shadowed) -> Prediction:
    return Prediction.model_construct(
        id=record.id,
        at_us=record.at_us,
        workspace_id=record.workspace_id,
        deployment_id=record.deployment_id,
        revision=record.revision,
        version=record.version,
        key_id=None,
        skin=record.skin,
        source=Source.live,
        status=200,
        total_us=0,
        model_us=None,
        content_type=record.content_type,
        request=record.request,
        response=record.response,
        request_bytes=0,
        response_bytes=0,
        weight=1.0,
    )


def _text(predictions: list[Any] | None) -> str | None:
    if predictions is None:
        return None
    written = orjson.dumps(predictions).decode()
    return written if len(written) <= 32 * 1024 else None
