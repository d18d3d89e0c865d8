"""Questions about deployed models: fleet, traffic, calls, drift, distributions."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Literal

import numpy as np
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.http import Cursors, Page
from modelyard_server.traffic import service as traffic_keys

from . import explain, health, ingest, measuring, queries, spans, statistics
from .drift import Status, Verdict
from .errors import FeatureUnknown
from .grid import HEAD, Grid, Ints, Kind
from .ports import Catalogue, Subject
from .reference import Reference
from .schemas import (
    Baseline,
    Bin,
    DistributionOut,
    DriftOut,
    FleetOut,
    FleetRow,
    PredictionOut,
    TrafficOut,
    TrafficRange,
    Window,
)

SHOWN_VALUES = 15  # categories of a histogram; the rest is one bar


def fleet(
    db: Session,
    actor: trail.Who,  # noqa: ARG001
    window: Window,
    *,
    dropped_records: int = 0,
) -> FleetOut:
    """Give every deployment's health, worst first. Reads stored counts only."""
    span = spans.FLEET[window]
    since, _ = spans.bounds(span, utcnow())
    counted = queries.fleet_traffic(db, span, since)
    rows = [
        _fleet_row(db, subject, window, counted[subject.deployment_id])
        for subject in deployments.monitored(db)
    ]
    rows.sort(key=lambda row: (health.ORDER.index(row.health), -row.requests, row.name))
    return FleetOut(
        range=window,
        rows=rows,
        healthy=sum(row.health == "healthy" for row in rows),
        degraded=sum(row.health == "degraded" for row in rows),
        failing=sum(row.health == "failing" for row in rows),
        dropped_records=dropped_records,
    )


def traffic(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    asked: TrafficRange,
    *,
    revision: int | None = None,
    dropped_records: int = 0,
) -> TrafficOut:
    """Give calls, errors and latency over a range.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    span = spans.TRAFFIC[asked]
    since, until = spans.bounds(span, utcnow())
    total, steps = queries.traffic(db, span, since, deployment_id=deployment_id, revision=revision)
    return TrafficOut(
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        total=total.as_point(since),
        points=[
            step.as_point(since + dt.timedelta(seconds=span.step_seconds * at))
            for at, step in enumerate(steps)
        ],
        dropped_records=dropped_records,
    )


def predictions(
    db: Session,
    actor: trail.Who,
    cursors: Cursors,
    deployment_id: uuid.UUID,
    *,
    status: Literal["all", "ok", "error"],
    cursor: str | None,
    limit: int,
) -> Page[PredictionOut]:
    """Give logged calls, newest first.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    return queries.predictions(
        db,
        cursors,
        deployment_id,
        key_names={
            **traffic_keys.names_of_keys(db, deployment_id),
            "console": "Console",
        },
        status=status,
        cursor=cursor,
        limit=limit,
    )


def drift(
    db: Session,
    actor: trail.Who,
    catalogue: Catalogue,
    deployment_id: uuid.UUID,
    window: Window,
    baseline: Baseline,
) -> DriftOut:
    """Compare the live version's rows with a baseline.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    measured = measuring.measure(db, subject, window, baseline, _loader(catalogue))
    return measuring.as_drift(measured, window)


def distribution(
    db: Session,
    actor: trail.Who,
    catalogue: Catalogue,
    deployment_id: uuid.UUID,
    feature: str,
    window: Window,
    baseline: Baseline,
) -> DistributionOut:
    """Give one column's histogram, baseline beside window.

    Raises:
        DeploymentMissing: there is no such deployment.
        FeatureUnknown: the baseline has no such column.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    measured = measuring.measure(db, subject, window, baseline, _loader(catalogue))
    found = next((c for c in measured.columns if c.reference.name == feature), None)
    if found is None:
        raise FeatureUnknown(f"The baseline has no column {feature!r}.")
    column = found.reference
    before = column.counts[HEAD:]
    now = measured.current.get(feature, column.grid.empty())[HEAD:]
    return DistributionOut(
        feature=feature,
        kind=column.grid.kind.value,
        n_reference=int(before.sum()),
        n_current=int(now.sum()),
        bins=_bins(column.grid, before, now),
    )


def _loader(catalogue: Catalogue) -> measuring.LoadReference:
    def load(db: Session, subject: Subject, version: int) -> Reference | None:
        stored = ingest.stored_reference(db, subject.deployment_id, version)
        if stored is not None:
            return stored
        revision = max((n for n, v in subject.versions.items() if v == version), default=0)
        signature = catalogue.signature(db, subject.deployment_id, revision)
        return ingest.first_reference(db, catalogue, subject, version, signature)

    return load


def stored_only(db: Session, subject: Subject, version: int) -> Reference | None:
    return ingest.stored_reference(db, subject.deployment_id, version)


def _fleet_row(
    db: Session,
    subject: Subject,
    window: Window,
    counted: tuple[queries.Calls, list[int]],
) -> FleetRow:
    calls, sparkline = counted
    point = calls.as_point(utcnow())
    verdict = fleet_verdict(db, subject, window)
    state, reasons = health.judge(
        health.Facts(
            status=subject.status,
            status_reason=subject.status_reason,
            is_serving=subject.live_revision is not None,
            range=window,
            requests=calls.requests,
            errors_4xx=calls.errors_4xx,
            errors_5xx=calls.errors_5xx,
            p95_ms=point.p95_ms,
            drift=verdict.status.value,
            drift_reason=verdict.reason,
        )
    )
    return FleetRow(
        deployment_id=subject.deployment_id,
        name=subject.name,
        environment=subject.environment,
        model_name=subject.model_name,
        version=subject.live_version,
        status=subject.status,
        health=state,
        reasons=reasons,
        requests=calls.requests,
        error_rate=calls.errors_5xx / calls.requests if calls.requests else None,
        p50_ms=point.p50_ms,
        p95_ms=point.p95_ms,
        p99_ms=point.p99_ms,
        drift=verdict.status.value,
        drift_reason=verdict.reason,
        last_request_at=queries.last_call(db, subject.deployment_id),
        sparkline=sparkline,
    )


def fleet_verdict(db: Session, subject: Subject, window: Window) -> Verdict:
    """Judge the range, and the last hour too: a long window hides a late shift."""
    whole = measuring.measure(db, subject, window, "training", stored_only).verdict
    if window == "1h" or whole.status is Status.drifting:
        return whole
    late = measuring.measure(db, subject, "1h", "training", stored_only).verdict
    if late.status is not Status.drifting:
        return whole
    return Verdict(late.status, f"In the last hour {late.reason}", late.rows)


def _bins(grid: Grid, before: Ints, now: Ints) -> list[Bin]:
    groups = _shown_groups(grid, before, now)
    left, right = statistics.pooled(before, groups), statistics.pooled(now, groups)
    bins: list[Bin] = []
    for group in range(len(left)):
        members = np.flatnonzero(groups == group)
        first, last = int(members[0]), int(members[-1])
        low, high = _ends(grid, first, last)
        bins.append(
            Bin(
                label=explain.span(grid, first, last),
                low=low,
                high=high,
                reference_share=float(left[group] / max(1, left.sum())),
                current_share=float(right[group] / max(1, right.sum())),
            )
        )
    return bins


def _shown_groups(grid: Grid, before: Ints, now: Ints) -> Ints:
    if grid.kind is Kind.numeric and not grid.discrete:
        return statistics.equal_mass_groups(before, 20)
    bars: Ints = np.arange(len(before))
    if grid.kind is Kind.categorical and len(bars) > SHOWN_VALUES + 1:
        kept = np.argsort(-(before / max(1, before.sum()) + now / max(1, now.sum())))
        bars[kept[SHOWN_VALUES:]] = len(bars) - 1
        bars = np.unique(bars, return_inverse=True)[1]
    return bars


def _ends(grid: Grid, first: int, last: int) -> tuple[float | None, float | None]:
    if grid.kind is not Kind.numeric:
        return None, None
    return explain.bounds(grid, first)[0], explain.bounds(grid, last)[1]
