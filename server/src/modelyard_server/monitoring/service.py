"""Questions about deployed models: fleet, traffic, calls, drift, distributions."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.http import Cursors, Page
from modelyard_server.kernel.lazily import lazily
from modelyard_server.traffic import service as traffic_keys

from . import answering, explain, ingest, measuring, moved, queries, signals, spans, statistics
from . import fleet as fleets
from .drift import Verdict
from .errors import FeatureUnknown
from .grid import HEAD, Grid, Ints, Kind
from .measuring import Question
from .ports import NOTHING_LOST, Catalogue, Lost, Subject
from .reference import Reference
from .schemas import (
    Baseline,
    Bin,
    DistributionOut,
    DriftOut,
    DriftWindow,
    FleetOut,
    FleetRange,
    MovedRows,
    PredictionOut,
    Quantile,
    TrafficOut,
    TrafficRange,
    Window,
)

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
SHOWN_VALUES = 15  # categories of a histogram; the rest is one bar


def fleet(
    db: Session, actor: trail.Who, asked: FleetRange, *, lost: Lost = NOTHING_LOST
) -> FleetOut:
    """Give every deployment's health, worst first. Reads stored counts and verdicts."""
    return fleets.read(db, actor, asked, lost=lost)


def fleet_verdict(db: Session, subject: Subject, window: Window) -> Verdict:
    """Judge the range, and the last hour too: a long window hides a late shift."""
    return fleets.verdicts(db, [subject], window)[subject.deployment_id].drift


def traffic(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    asked: TrafficRange,
    *,
    revision: int | None = None,
    lost: Lost = NOTHING_LOST,
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
        **lost.told(),
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
    window: DriftWindow,
    baseline: Baseline,
    rows: int = 0,
) -> DriftOut:
    """Compare the live version's rows with a baseline; too short a window is widened.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    asked = Question(window, baseline, rows)
    measured = measuring.measure_widely(db, subject, asked, loader(catalogue))
    return answering.as_drift(measured, window)


def distribution(
    db: Session,
    actor: trail.Who,
    catalogue: Catalogue,
    deployment_id: uuid.UUID,
    feature: str,
    window: DriftWindow,
    baseline: Baseline,
    rows: int = 0,
) -> DistributionOut:
    """Give one column's histogram, baseline beside window; too short a window is widened.

    Raises:
        DeploymentMissing: there is no such deployment.
        FeatureUnknown: the baseline has no such column.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    asked = Question(window, baseline, rows)
    measured = measuring.measure_widely(db, subject, asked, loader(catalogue))
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
        quantiles=_quantiles(column.grid, before, now),
    )


def moved_rows(
    db: Session,
    actor: trail.Who,
    catalogue: Catalogue,
    deployment_id: uuid.UUID,
    feature: str,
    asked: Question,
) -> MovedRows:
    """Give logged rows of a column, those of the bin that grew most first.

    Raises:
        DeploymentMissing: there is no such deployment.
        FeatureUnknown: the baseline has no such column.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    measured = measuring.measure_widely(db, subject, asked, loader(catalogue))
    found = next((c for c in measured.columns if c.reference.name == feature), None)
    if found is None:
        raise FeatureUnknown(f"The baseline has no column {feature!r}.")
    calls = signals.logged(
        db, deployment_id, measured.since, measured.until, only_failed=False, limit=moved.CALLS
    )
    return moved.rows(found.reference, measured.current.get(feature), calls)


def loader(catalogue: Catalogue) -> measuring.LoadReference:
    """Give what finds a version's reference, in the database or in its training table."""

    def load(db: Session, subject: Subject, version: int) -> Reference | None:
        stored = ingest.stored_reference(db, subject.deployment_id, version)
        if stored is not None:
            return stored
        revision = max((n for n, v in subject.versions.items() if v == version), default=0)
        signature = catalogue.signature(db, subject.deployment_id, revision)
        return ingest.first_reference(db, catalogue, subject, version, signature)

    return load


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


def _quantiles(grid: Grid, before: Ints, now: Ints) -> list[Quantile]:
    if grid.kind is not Kind.numeric or not before.sum() or not now.sum():
        return []
    return [
        Quantile(
            share=part,
            reference=explain.quantile(grid, before, part),
            current=explain.quantile(grid, now, part),
        )
        for part in QUANTILES
    ]


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
