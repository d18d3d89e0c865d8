"""Reads from monitoring what conditions need: lazily, and each thing once per evaluation."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Callable, Collection, Iterable
from typing import assert_never

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail
from modelyard_server.monitoring import estimates, signals
from modelyard_server.monitoring import service as monitoring
from modelyard_server.monitoring.estimate_schemas import EstimateOut
from modelyard_server.monitoring.outcome_schemas import QualityOut
from modelyard_server.monitoring.ports import Catalogue, Subject
from modelyard_server.monitoring.realised import read as read_quality_of
from modelyard_server.monitoring.schemas import DriftOut, FeatureDrift

from . import metric_days, readings, verdicts
from .conditions import (
    Anomaly,
    BurnRate,
    Change,
    Condition,
    Constraints,
    Down,
    Drift,
    NoData,
    Quality,
    Safeguards,
    Threshold,
)
from .readings import Reading
from .series import Layer, Series, Stored, Stretch
from .states import Seen

FINE_REACH = dt.timedelta(minutes=70)
COARSE_REACH = dt.timedelta(days=4)
HOUR_REACH = dt.timedelta(days=29)
WHOLE_REACH = dt.timedelta(days=34)  # of five-minute counts, for back-tests
_REACHES = {"1h": dt.timedelta(hours=1), "24h": dt.timedelta(days=1)}
_NOT_SERVING = frozenset({"stopped", "stopping", "requested", "building", "verifying", "starting"})
_DOWN = frozenset({"failed", "degraded"})


class Gathered:
    """One evaluation's view of a workspace."""

    def __init__(
        self,
        db: Session,
        actor: trail.Who,
        catalogue: Catalogue,
        blobs: BlobStore,
        now: dt.datetime,
        deployment_ids: Collection[uuid.UUID] | None = None,
    ) -> None:
        self._db, self._actor, self._catalogue, self._now = db, actor, catalogue, now
        self._until = math.ceil(now.timestamp())  # the second that runs counts too
        self._blobs, self._only = blobs, deployment_ids
        self._counted: dict[int, dict[uuid.UUID, list[signals.Counted]]] = {}
        self._series: dict[uuid.UUID, Series] = {}
        self._columns: dict[uuid.UUID, verdicts.Columns] = {}
        self._quality: dict[uuid.UUID, QualityOut] = {}
        self._estimates: dict[uuid.UUID, EstimateOut | str] = {}

    def read(self, condition: Condition, subject: Subject) -> Reading:
        """Judge a condition of a deployment now. One that does not serve is not judged."""
        if isinstance(condition, Down):
            return _down(subject)
        if subject.live_revision is None or subject.status in _NOT_SERVING:
            return readings.unknown("It does not serve.")
        match condition:
            case Threshold() | Change() if condition.is_of_metric:
                return self._metric(condition, subject)
            case Threshold() | Change() | Anomaly() | NoData() | BurnRate():
                series = self.series(subject.deployment_id)
                return readings.read(condition, series, self._until)
            case Drift(of="joint"):
                return verdicts.read_joint(condition, signals.joint(self._db, subject))
            case Drift():
                return verdicts.read_drift(condition, self._columns_of(subject))
            case Constraints():
                reach = _REACHES[condition.window]
                kept = signals.constraints_kept(
                    self._db, subject.deployment_id, self._now - reach, self._now
                )
                return verdicts.read_constraints(condition, kept)
            case Safeguards():
                return self._safeguards(condition, subject.deployment_id)
            case Quality():
                return verdicts.read_quality(condition, self._quality_of(subject))
            case _:
                assert_never(condition)

    def _safeguards(self, condition: Safeguards, own: uuid.UUID) -> Reading:
        minutes = condition.window_minutes
        window = self.series(own).before(self._until, minutes)
        since = self._now - dt.timedelta(minutes=minutes)
        held = signals.safeguarded(self._db, own, since, self._now)
        return verdicts.read_safeguards(condition, held, window.requests)

    def series(self, deployment_id: uuid.UUID) -> Series:
        """Give the counts of a deployment; each layer is read when it is first needed."""
        if deployment_id not in self._series:
            self._series[deployment_id] = Series(
                tuple(
                    Stored(int((self._now - reach).timestamp()), self._loader(step, deployment_id))
                    for step, reach in (
                        (signals.FINE, FINE_REACH),
                        (signals.COARSE, COARSE_REACH),
                        (signals.HOUR, HOUR_REACH),
                    )
                )
            )
        return self._series[deployment_id]

    def _loader(self, step: int, deployment_id: uuid.UUID) -> Callable[[], Layer]:
        def load() -> Layer:
            if step == signals.FINE:  # all deployments ask for it: read once
                return layer_of(step, self._recent().get(deployment_id, []))
            reach = COARSE_REACH if step == signals.COARSE else HOUR_REACH
            found = signals.counted(self._db, step, self._now - reach, self._now, [deployment_id])
            return layer_of(step, found.get(deployment_id, []))

        return load

    def _recent(self) -> dict[uuid.UUID, list[signals.Counted]]:
        if signals.FINE not in self._counted:
            since = self._now - FINE_REACH
            self._counted[signals.FINE] = signals.counted(
                self._db, signals.FINE, since, self._now, self._only
            )
        return self._counted[signals.FINE]

    def _columns_of(self, subject: Subject) -> verdicts.Columns:
        """Merge the day and the last hour: a long window hides a late shift."""
        key = subject.deployment_id
        if key not in self._columns:
            found = [
                monitoring.drift(self._db, self._actor, self._catalogue, key, window, "training")
                for window in ("24h", "1h")
            ]
            self._columns[key] = merged(found)
        return self._columns[key]

    def _metric(self, condition: Threshold | Change, subject: Subject) -> Reading:
        signal = condition.signal
        if not metric_days.is_estimated(signal):
            days = metric_days.days_of(signal, self._quality_of(subject))
            return metric_days.read(condition, days)
        key = subject.deployment_id
        if key not in self._estimates:
            found = estimates.recent(self._db, self._actor, self._blobs, key, "30d")
            self._estimates[key] = found
        estimate = self._estimates[key]
        if isinstance(estimate, str):
            return readings.unknown(estimate)
        return metric_days.read(condition, metric_days.days_of(signal, estimate))

    def _quality_of(self, subject: Subject) -> QualityOut:
        key = subject.deployment_id
        if key not in self._quality:
            self._quality[key] = read_quality_of(self._db, self._actor, key, "30d")
        return self._quality[key]


def layer_of(step: int, counted: Iterable[signals.Counted]) -> Layer:
    """Make a layer of stored counts."""
    return Layer.of(
        step,
        (
            Stretch(
                one.at,
                one.requests,
                one.errors_4xx,
                one.errors_5xx,
                {int(bucket): calls for bucket, calls in one.latency.items()},
            )
            for one in counted
        ),
    )


def merged(found: list[DriftOut]) -> verdicts.Columns:
    """Take each column's worst verdict of several windows."""
    worst: dict[str, verdicts.Column] = {}
    for drift in found:
        for feature in drift.features:
            column = _column(feature)
            held = worst.get(column.name)
            if held is None or _badness(column) > _badness(held):
                worst[column.name] = column
    return verdicts.Columns(
        is_known=any(drift.verdict in {"ok", "drifting"} for drift in found),
        rows=max((drift.rows for drift in found), default=0),
        columns=list(worst.values()),
    )


def _badness(column: verdicts.Column) -> tuple[bool, bool, float, float]:
    return (
        column.is_drifting or column.is_missing,
        column.is_waiting,
        column.score,
        column.missing_change,
    )


def _column(feature: FeatureDrift) -> verdicts.Column:
    return verdicts.Column(
        name=feature.feature,
        is_prediction=feature.role == "prediction",
        is_drifting=feature.status == "drifting" and feature.is_confirmed,
        is_waiting=feature.status == "drifting" and not feature.is_confirmed,
        score=feature.score or 0.0,
        is_missing=any(one.fault == "missing" for one in feature.faults),
        missing_change=abs((feature.null_rate_current or 0) - (feature.null_rate_reference or 0)),
    )


def _down(subject: Subject) -> Reading:
    down = subject.status in _DOWN
    reason = subject.status_reason or f"Its status is {subject.status}."
    text = reason if down else "The endpoint is up."
    if subject.status in _NOT_SERVING and not down:
        return readings.unknown("It does not serve.")
    return Reading(Seen(True, down, not down), float(down), 1.0, 0, text)
