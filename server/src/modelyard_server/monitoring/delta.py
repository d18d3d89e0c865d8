"""What a batch of one workspace's records changes, computed before any row is locked."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from modelyard_protocol.package import Signature
from modelyard_protocol.records import (
    Guarded,
    Mirrored,
    Prediction,
    Shadowed,
    Single,
    Source,
    Tokens,
    Traffic,
)

from . import constraints, entities, latency, profile, safeguard_counts, shadowing
from .capture import EVERYTHING, Call, Captured, capture
from .constraint_counts import SECONDS, Asked, Columns, Key
from .constraints import Counted
from .policy import Policy
from .reference import Reference

FINE, COARSE, HOUR, DAY = 15, 300, 3600, 86400
"""Seconds of a traffic count; longer ones are kept longer."""
EVER = 0  # resolution of the one count since the first call: what `/metrics` shows
MINUTE = 60

Version = tuple[uuid.UUID, int]
TrafficKey = tuple[uuid.UUID, int, int, int, int]
"""Deployment, resolution, start in seconds, revision, version."""


_Group = tuple[uuid.UUID, int, int, int, bool]
"""Deployment, revision, version, minute, counted in drift: calls that are decoded together."""


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
    copies: dict[shadowing.Key, shadowing.Copies] = field(
        default_factory=lambda: defaultdict(shadowing.Copies)
    )
    shadowed: list[dict[str, Any]] = field(default_factory=list)
    guarded: dict[safeguard_counts.Key, safeguard_counts.Counted] = field(
        default_factory=lambda: defaultdict(safeguard_counts.Counted)
    )
    checked: dict[Key, Columns] = field(default_factory=dict)
    """Values that break constraints."""
    touched: set[Version] = field(default_factory=set)
    """Versions whose reference grew."""
    about: dict[uuid.UUID, list[dict[str, Any]]] = field(default_factory=dict)
    """Deployment → whom its rows are about; calls of the console are not among them."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """What may be kept and what is asked of it, by deployment; `key` hashes values."""

    policies: Mapping[uuid.UUID, Policy] = field(default_factory=dict)
    key: bytes = b""
    asked: Mapping[uuid.UUID, Asked] = field(default_factory=dict)


def make(
    records: Iterable[Single],
    signatures: Mapping[tuple[uuid.UUID, int], Signature],
    references: Mapping[Version, Reference],
    keeping: Keeping,
) -> Delta:
    """Count a batch. References that are still collecting grow in place."""
    delta = Delta()
    calls: dict[_Group, list[Prediction]] = {}
    shadowed: dict[tuple[uuid.UUID, int], list[Shadowed]] = {}
    for record in records:
        deployment_id = identifier(record.deployment_id)
        if isinstance(record, Traffic):
            _add_traffic(delta, deployment_id, record)
            continue
        if isinstance(record, Tokens):
            continue  # counted by traffic, whose keys they belong to
        if isinstance(record, Mirrored):
            delta.copies[shadowing.key_of(deployment_id, record)].add(record)
            continue
        if isinstance(record, Guarded):
            held = delta.guarded[safeguard_counts.key_of(deployment_id, record)]
            held.add(record.calls, record.rows, record.examples)
            continue
        if isinstance(record, Shadowed):
            shadowed.setdefault((deployment_id, record.revision), []).append(record)
            continue
        minute = record.at_us // 1_000_000 // MINUTE * MINUTE
        is_counted = record.source is not Source.console
        group = (deployment_id, record.revision, record.version, minute, is_counted)
        calls.setdefault(group, []).append(record)
    for (deployment_id, revision, version, minute, is_counted), called in calls.items():
        policy = keeping.policies.get(deployment_id, EVERYTHING)
        found = capture(called, signatures[deployment_id, revision], policy, keeping.key)
        facts = zip(called, _random_ids(len(called)), found.calls, strict=True)
        delta.logged += [_logged(record, own, deployment_id, call) for record, own, call in facts]
        if is_counted and entities.kept_column(policy) is not None:
            told = entities.rows_of(
                called, found, signatures[deployment_id, revision], policy, keeping.key
            )
            delta.about.setdefault(deployment_id, []).extend(told)
        if is_counted and found.columns:
            asked = keeping.asked.get(deployment_id)
            if asked is not None:
                key = (deployment_id, asked.version, minute // SECONDS * SECONDS)
                _check(delta.checked.setdefault(key, {}), asked, called, found)
            _count(delta, references, (deployment_id, version), minute, found.columns)
    for of, copied in shadowed.items():
        policy = keeping.policies.get(of[0], EVERYTHING)
        delta.shadowed += shadowing.sampled(copied, of[0], signatures[of], policy, keeping.key)
    return delta


def _check(total: Columns, asked: Asked, called: list[Prediction], found: Captured) -> None:
    """Count the values of a group of calls that break what is asked of their column."""
    for one in asked.columns:
        values = found.columns.get(one.column)
        if values is None:
            continue
        present, broken = constraints.find(one, values)
        counted = Counted(len(values), present, {check: len(at) for check, at in broken.items()})
        for check, places in broken.items():
            rows = [found.row_at(one.column, at) for at in places[-constraints.EXAMPLES :]]
            known = [(called[row[0]].id[:128], row[1]) for row in rows if row is not None]
            if known:
                counted.examples[check] = known
        total.setdefault(one.column, Counted()).add(counted)


def _count(
    delta: Delta,
    references: Mapping[Version, Reference],
    version: Version,
    minute: int,
    columns: dict[str, list[Any]],
) -> None:
    reference = references[version]
    if any(name not in reference.columns for name in columns):
        delta.touched.add(version)
    counted = reference.count(columns)
    if counted:
        held = delta.profiles.get((version, minute), {})
        delta.profiles[version, minute] = profile.merge([held, counted])


@lru_cache(maxsize=10_000)
def identifier(text: str) -> uuid.UUID:
    """Parse a record's deployment id, which a batch repeats thousands of times.

    Raises:
        ValueError: it is none.
    """
    return uuid.UUID(text)


def _add_traffic(delta: Delta, deployment_id: uuid.UUID, record: Traffic) -> None:
    for resolution in (FINE, COARSE, HOUR, DAY, EVER):
        start = record.at // resolution * resolution if resolution else 0
        key = (deployment_id, resolution, start, record.revision, record.version)
        delta.traffic[key].add(record)


def _random_ids(count: int) -> Iterator[uuid.UUID]:
    """Give ids from one read of the system's randomness: a read for each is a tenth of the work."""
    raw = os.urandom(16 * count)
    for at in range(0, len(raw), 16):
        yield uuid.UUID(bytes=raw[at : at + 16], version=4)


def _logged(
    record: Prediction, own: uuid.UUID, deployment_id: uuid.UUID, call: Call
) -> dict[str, Any]:
    return {
        "workspace_id": record.workspace_id,
        "id": own,
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
        "rows": call.rows,
        "inputs": call.inputs,
        "outputs": call.outputs,
        "error": call.error,
    }
