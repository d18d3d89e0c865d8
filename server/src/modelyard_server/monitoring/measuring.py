"""Answers "has it moved?" for one version over one window, from stored counts."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.clock import utcnow

from . import drift, explain, profile, queries, spans
from .drift import ColumnDrift, Status, Verdict
from .ports import Subject
from .profile import ColumnReference, ColumnRole, Origin
from .reference import PROVISIONAL_ROWS, Reference, role_of
from .schemas import Baseline, DriftOut, FeatureDrift, Window

FRESH_SECONDS = 1.0
UNCHANGED_SECONDS = 60.0  # without new rows only the window's edge moves
MAX_CACHED = 500
LoadReference = Callable[[Session, Subject, int], Reference | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything one answer rests on."""

    since: dt.datetime
    until: dt.datetime
    baseline: Literal["training", "previous", "provisional"]
    name: str | None
    verdict: Verdict
    columns: list[ColumnDrift]
    pending: dict[str, int]
    current: profile.Profile
    steps: list[profile.Profile]
    computed_at: dt.datetime


_Key = tuple[int, uuid.UUID, int, str, str]
_cache: dict[_Key, tuple[float, dt.datetime | None, Measured]] = {}
_lock = threading.Lock()


def measure(
    db: Session, subject: Subject, window: Window, baseline: Baseline, load: LoadReference
) -> Measured:
    """Compare the live version's rows of a window with its baseline, 1 s old at most."""
    version = watched_version(subject)
    key = (tenancy.workspace_of(db), subject.deployment_id, version, window, baseline)
    newest = queries.last_profiled(db, [(subject.deployment_id, version)]).get(
        (subject.deployment_id, version)
    )
    with _lock:
        held = _cache.get(key)
    if held is not None and time.monotonic() - held[0] < (
        UNCHANGED_SECONDS if newest is not None and held[1] == newest else FRESH_SECONDS
    ):
        return held[2]
    made = _measure(db, subject, version, window, baseline, load)
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[key] = (time.monotonic(), newest, made)
    return made


def forget() -> None:
    """Drop every cached answer."""
    with _lock:
        _cache.clear()


def watched_version(subject: Subject) -> int:
    """Give the version drift is measured for: the live one, else the newest that was rolled out."""
    if subject.live_version is not None:
        return subject.live_version
    return subject.versions[max(subject.versions)] if subject.versions else 0


def _measure(
    db: Session,
    subject: Subject,
    version: int,
    window: Window,
    baseline: Baseline,
    load: LoadReference,
) -> Measured:
    span = spans.DRIFT[window]
    since, until = spans.bounds(span, utcnow())
    reference = load(db, subject, version) or Reference()
    steps: list[list[profile.Profile]] = [[] for _ in range(span.steps)]
    for at, counted in queries.profiles(db, subject.deployment_id, version, since, until):
        steps[int((at - since).total_seconds()) // span.step_seconds].append(counted)
    merged = [profile.merge(parts) for parts in steps]
    current = profile.merge(merged)
    columns = reference.columns
    if baseline == "previous":
        earlier = since - dt.timedelta(seconds=span.length_seconds)
        found = queries.profiles(db, subject.deployment_id, version, earlier, since)
        columns = _recounted(columns, profile.merge(counted for _, counted in found))
    compared = drift.compare(columns, current)
    rows = max((profile.rows_of(counts) for counts in current.values()), default=0)
    return Measured(
        since=since,
        until=until,
        baseline=_baseline(reference, baseline),
        name=reference.name if baseline == "training" else f"the {window} before",
        verdict=_verdict(reference, columns, compared, rows, baseline),
        columns=compared,
        pending={name: len(values) for name, values in reference.pending.items()},
        current=current,
        steps=merged,
        computed_at=utcnow(),
    )


def as_drift(measured: Measured, window: Window) -> DriftOut:
    """Give the wire shape."""
    features = [_feature(found, measured.steps) for found in measured.columns]
    features += [_collecting(name, count) for name, count in measured.pending.items()]
    status = measured.verdict.status
    return DriftOut(
        window=window,
        since=measured.since,
        until=measured.until,
        baseline=measured.baseline,
        baseline_name=measured.name,
        verdict=status.value,
        verdict_reason=measured.verdict.reason,
        rows=measured.verdict.rows,
        computed_at=measured.computed_at,
        features=features,
    )


def _recounted(
    columns: dict[str, ColumnReference], before: profile.Profile
) -> dict[str, ColumnReference]:
    """Take the counts of an earlier window as reference, on the same grids."""
    return {
        name: replace(column, counts=before.get(name, column.grid.empty()))
        for name, column in columns.items()
    }


def _baseline(
    reference: Reference, asked: Baseline
) -> Literal["training", "previous", "provisional"]:
    if asked == "previous":
        return "previous"
    inputs = [c for c in reference.columns.values() if c.role is ColumnRole.input]
    trained = any(column.origin is Origin.training for column in inputs)
    return "training" if trained else "provisional"


def _verdict(
    reference: Reference,
    columns: dict[str, ColumnReference],
    compared: list[ColumnDrift],
    rows: int,
    baseline: Baseline,
) -> Verdict:
    if not columns:
        collected = reference.collected
        reason = explain.collecting(collected, PROVISIONAL_ROWS)
        return Verdict(Status.not_enough_data if collected else Status.no_reference, reason, 0)
    verdict = drift.judge_model(compared, rows)
    if baseline == "previous" and verdict.status is Status.no_reference:
        return Verdict(Status.not_enough_data, explain.NOTHING_BEFORE, rows)
    return verdict


def _feature(found: ColumnDrift, steps: list[profile.Profile]) -> FeatureDrift:
    column = found.reference
    return FeatureDrift(
        feature=column.name,
        role=column.role.value,
        kind=column.grid.kind.value,
        status=found.status.value,
        method=found.method,
        score=found.score,
        psi=found.psi,
        noise_floor=found.noise,
        p_value=found.p_value,
        q_value=found.q_value,
        threshold=drift.EFFECT,
        n_current=found.n_current,
        n_reference=found.n_reference,
        null_rate_current=found.missing_current,
        null_rate_reference=found.missing_reference,
        unseen_rate=found.unseen,
        out_of_range_rate=found.out_of_range,
        type_error_rate=found.wrong_type,
        explain=found.explain,
        trend=[drift.score(column, step.get(column.name)) for step in steps],
    )


def _collecting(name: str, count: int) -> FeatureDrift:
    return FeatureDrift(
        feature=name,
        role=role_of(name).value,
        kind="text",
        status="no_reference",
        method="",
        score=None,
        psi=None,
        noise_floor=None,
        p_value=None,
        q_value=None,
        threshold=drift.EFFECT,
        n_current=0,
        n_reference=count,
        null_rate_current=None,
        null_rate_reference=None,
        unseen_rate=None,
        out_of_range_rate=None,
        type_error_rate=None,
        explain=explain.collecting(count, PROVISIONAL_ROWS),
        trend=[],
    )
