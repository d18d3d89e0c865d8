"""What a batch of one workspace's records changes, computed before any row is locked."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from modelyard_protocol.package import Signature
from modelyard_protocol.records import Prediction, Source, Traffic

from . import latency, profile
from .capture import Captured, capture
from .reference import Reference

FINE, COARSE, HOUR = 15, 300, 3600  # seconds of a traffic count; longer ones are kept longer
MINUTE = 60

Version = tuple[uuid.UUID, int]
TrafficKey = tuple[uuid.UUID, int, int, int, int]
"""Deployment, resolution, start in seconds, revision, version."""


@dataclass(slots=True)
class Tally:
    """Counts to be added to one `TrafficCount`."""

    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    latency: latency.Counts = field(default_factory=dict)

    def add(self, record: Traffic) -> None:
        """Add one second of the node."""
        self.requests += record.requests
        for status, calls in record.by_status.items():
            if status.startswith("4"):
                self.errors_4xx += calls
            elif status.startswith("5"):
                self.errors_5xx += calls
        self.latency = latency.merge(self.latency, record.latency_us)


@dataclass(slots=True)
class Delta:
    """Everything one batch adds in one workspace."""

    traffic: dict[TrafficKey, Tally] = field(default_factory=lambda: defaultdict(Tally))
    logged: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[tuple[Version, int], profile.Profile] = field(default_factory=dict)
    """(deployment, version), minute → counts."""
    touched: set[Version] = field(default_factory=set)
    """Versions whose reference grew."""


def make(
    records: Iterable[Prediction | Traffic],
    signatures: Mapping[tuple[uuid.UUID, int], Signature],
    references: Mapping[Version, Reference],
) -> Delta:
    """Count a batch. References that are still collecting grow in place."""
    delta = Delta()
    rows: dict[tuple[Version, int], dict[str, list[Any]]] = {}
    for record in records:
        deployment_id = identifier(record.deployment_id)
        if isinstance(record, Traffic):
            _add_traffic(delta, deployment_id, record)
            continue
        captured = capture(record, signatures[deployment_id, record.revision])
        delta.logged.append(_logged(record, deployment_id, captured))
        if record.source is Source.live and (captured.inputs or captured.predictions):
            minute = record.at_us // 1_000_000 // MINUTE * MINUTE
            held = rows.setdefault(((deployment_id, record.version), minute), {})
            for part in (captured.inputs, captured.predictions):
                for name, values in part.items():
                    if name in held:
                        held[name] += values
                    else:
                        held[name] = list(values)
    for (version, minute), columns in rows.items():
        reference = references[version]
        if any(name not in reference.columns for name in columns):
            delta.touched.add(version)
        counted = reference.count(columns)
        if counted:
            delta.profiles[version, minute] = counted
    return delta


@lru_cache(maxsize=10_000)
def identifier(text: str) -> uuid.UUID:
    """Parse a record's deployment id, which a batch repeats thousands of times.

    Raises:
        ValueError: it is none.
    """
    return uuid.UUID(text)


def _add_traffic(delta: Delta, deployment_id: uuid.UUID, record: Traffic) -> None:
    for resolution in (FINE, COARSE, HOUR):
        start = record.at // resolution * resolution
        key = (deployment_id, resolution, start, record.revision, record.version)
        delta.traffic[key].add(record)


def _logged(record: Prediction, deployment_id: uuid.UUID, captured: Captured) -> dict[str, Any]:
    return {
        "workspace_id": record.workspace_id,
        "id": uuid.uuid4(),
        "deployment_id": deployment_id,
        "prediction_id": record.id[:128],
        "at": dt.datetime.fromtimestamp(record.at_us / 1e6, dt.UTC),
        "revision": record.revision,
        "version": record.version,
        "status": record.status,
        "skin": record.skin.value,
        "source": record.source.value,
        "key_id": record.key_id,
        "total_us": record.total_us,
        "model_us": record.model_us,
        "rows": captured.rows,
        "inputs": captured.shown_inputs,
        "outputs": captured.shown_outputs,
        "error": captured.error,
    }
