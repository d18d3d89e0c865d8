"""How good predictions probably were, before outcomes come; refused where nothing supports it."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.package import DType
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import errors, tenancy, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.lazily import lazily

from . import (
    basis,
    cbpe,
    dle,
    measuring,
    outcome_packing,
    overlap,
    reference_tables,
    sampling,
    scoring,
    spans,
)
from .basis import Basis
from .errors import (
    EstimateOutsideSupport,
    EstimateUncalibrated,
    EstimateWithoutReference,
    EstimateWithoutScores,
    NothingCaptured,
)
from .estimate_schemas import EstimateCheck, EstimateOut, EstimatePoint, NoEstimate
from .models import CaptureSegment, Outcome
from .outcome_schemas import Measure, QualityRange
from .quality import Floats
from .scoring import Answers, Mask
from .writing import instant

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


FEW = 30
WORST_CALIBRATION = 0.05
MAX_CACHED = 200
FRESH = dt.timedelta(minutes=30)
ASSUMPTION = (
    "Assumes that the same inputs still lead to the same outcomes as in the basis. "
    "It sees inputs that shift; it cannot see a world that changed."
)
_NONE = (
    NothingCaptured,
    EstimateWithoutScores,
    EstimateWithoutReference,
    EstimateUncalibrated,
    EstimateOutsideSupport,
)
_REAL = frozenset({DType.float, DType.double})
_cache: dict[tuple[Any, ...], EstimateOut] = {}
_recent: dict[tuple[int, uuid.UUID, QualityRange], tuple[dt.datetime, EstimateOut | str]] = {}
_lock = threading.Lock()
log = structlog.get_logger("modelyard.monitoring")


@dataclass(frozen=True, slots=True)
class _Live:
    """Live rows that can be estimated."""

    answers: Answers
    features: Floats
    window: Any
    weight: Floats


def read(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
) -> EstimateOut:
    """Give expected quality per window of prediction time, of the live version.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured: no rows were kept in that time.
        EstimateWithoutScores: the answers are classes without a probability.
        EstimateWithoutReference: there are too few rows with a known outcome to learn from.
        EstimateUncalibrated: the probabilities say too little.
        EstimateOutsideSupport: the live rows look like nothing it was learned from.
    """
    subject = deployments.monitored_one(db, actor, deployment_id)
    version = measuring.watched_version(subject)
    span = spans.QUALITY[asked]
    since, until = spans.bounds(span, utcnow())
    key = (tenancy.workspace_of(db), deployment_id, version, asked, until)
    key += _state(db, deployment_id)
    with _lock:
        held = _cache.get(key)
    if held is not None:
        return held
    try:
        estimator = _learned(db, blobs, deployment_id, version, span, (since, until))
        made = estimator.made(asked, span, since, until)
        del estimator
    finally:
        outcome_packing.give_back()
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[key] = made
    return made


def told(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
    *,
    or_reason: bool,
) -> EstimateOut | NoEstimate:
    """Give what `read` gives; with `or_reason` also why there is no estimate, as an answer.

    Raises:
        DeploymentMissing: there is no such deployment.
        NothingCaptured, EstimateWithoutScores, EstimateWithoutReference, EstimateUncalibrated,
        EstimateOutsideSupport: there is no estimate, and nobody asked for the reason.
    """
    try:
        return read(db, actor, blobs, deployment_id, asked)
    except _NONE as refusal:
        if not or_reason:
            raise
        return NoEstimate(code=refusal.code, detail=refusal.detail)


def _learned(
    db: Session,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    version: int,
    span: spans.Span,
    bounds: tuple[dt.datetime, dt.datetime],
) -> _Estimator:
    """Read what is needed; of the rows only numbers are left afterwards."""
    since, until = bounds
    rows = sampling.read(db, blobs, deployment_id, version, since, until, span.step_seconds)
    if not len(rows):
        raise NothingCaptured(f"No rows of version {version} were kept in that time.")
    said = scoring.read(rows.answers)
    if said is None or (said.probabilities is None and not _is_estimated(db, deployment_id, said)):
        raise EstimateWithoutScores(
            "The model answers with classes or rankings alone. Return probabilities, or a label "
            'with a score: for example {"label": "1", "score": 0.83}.'
        )
    found = basis.find(db, blobs, deployment_id, version, until)
    if found.is_of_numbers != (said.probabilities is None):
        raise EstimateWithoutScores("The answers and the reference do not say the same things.")
    return _Estimator(found, rows, said)


def recent(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
) -> EstimateOut | str:
    """Give what `read` gave in the last half hour, for those who ask all the time.

    Each new segment changes an estimate and it takes seconds to make. Text: why there is none.
    """
    key, now = (tenancy.workspace_of(db), deployment_id, asked), utcnow()
    with _lock:
        held = _recent.get(key)
    if held is not None and dt.timedelta(0) <= now - held[0] < FRESH:
        return held[1]
    try:
        made = or_reason(db, actor, blobs, deployment_id, asked)
    except OSError:  # a file of rows cannot be read: the other rules are judged all the same
        log.exception("rows_not_read", deployment_id=str(deployment_id))
        made = "The kept rows cannot be read."
    with _lock:
        if len(_recent) >= MAX_CACHED:
            _recent.clear()
        _recent[key] = now, made
    return made


def or_reason(
    db: Session,
    actor: trail.Who,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    asked: QualityRange,
) -> EstimateOut | str:
    """Give an estimate, or why there is none."""
    try:
        return read(db, actor, blobs, deployment_id, asked)
    except (errors.NotFound, errors.Conflict) as refusal:
        return refusal.detail


class _Estimator:
    """One question: what was learned, and the live rows it is asked of."""

    def __init__(self, found: Basis, rows: sampling.Sampled, said: Answers) -> None:
        self._basis = found
        self._read, self._kept, self._is_sample = len(rows), rows.kept, rows.is_sample
        shared = {n: v for n, v in found.inputs.items() if n in rows.inputs}
        encoding = overlap.learn(shared)
        self._learned = encoding.of(shared, len(found.actual))
        live = encoding.of(rows.inputs, len(rows))
        self._live = _Live(
            said.take(said.known),
            live if said.known.all() else live[said.known],
            rows.window[said.known],
            rows.weight[said.known],
        )
        if found.is_of_numbers:
            self._learn_losses()
        else:
            self._learn_probabilities()

    def made(
        self, asked: QualityRange, span: spans.Span, since: dt.datetime, until: dt.datetime
    ) -> EstimateOut:
        """Give every window and the whole."""
        apart = overlap.separability(self._learned, self._live.features, self._live.window)
        outside = {window for window, area in apart.items() if area >= overlap.OUTSIDE}
        inside: Mask = ~np.isin(self._live.window, list(outside))
        if not inside.any():
            worst = max(apart.values())
            raise EstimateOutsideSupport(
                f"A classifier tells the live rows from {self._basis.of.name} in {worst:.0%} of "
                "pairs: they have too little in common for an estimate."
            )
        start = int(since.timestamp())
        points = [
            self._point(
                instant(start + at * span.step_seconds),
                self._live.window == at,
                apart.get(at),
                at in outside,
            )
            for at in range(span.steps)
        ]
        return EstimateOut(
            range=asked,
            since=since,
            until=until,
            step_seconds=span.step_seconds,
            task="regression" if self._basis.is_of_numbers else "classification",
            method="DLE" if self._basis.is_of_numbers else "CBPE",
            basis=self._basis.of,
            check=self._check,
            assumption=ASSUMPTION,
            rows_read=self._read,
            rows_kept=self._kept,
            is_sample=self._is_sample,
            total=self._point(since, inside, None, False),
            points=points,
        )

    def _point(
        self, at: dt.datetime, rows: Mask, apart: float | None, is_outside: bool
    ) -> EstimatePoint:
        n = int(rows.sum())
        return EstimatePoint(
            at=at,
            n=n,
            few=n < FEW,
            separability=apart,
            is_outside=is_outside,
            measures=[] if is_outside or not n else self._measures(rows),
        )

    def _measures(self, rows: Mask) -> list[Measure]:
        said, weight = self._live.answers.take(rows), self._live.weight[rows]
        if said.numbers is not None:
            return self._losses.measures(_beside(self._live.features[rows], said.numbers), weight)
        if said.probabilities is None or said.said is None:
            return []
        calibrated = self._calibration.of(said.probabilities)
        return cbpe.measures(said.probabilities, calibrated, said.said, weight)

    def _learn_losses(self) -> None:
        predicted = self._basis.answers.numbers
        assert predicted is not None  # noqa: S101 - what `is_of_numbers` means
        actual = scoring.numbers(self._basis.actual)
        self._losses = dle.learn(_beside(self._learned, predicted), predicted, actual)
        self._check = EstimateCheck(
            metric="mae",
            estimated=self._losses.said,
            realised=self._losses.was,
            calibration_error=None,
        )

    def _learn_probabilities(self) -> None:
        scores, said = self._basis.answers.probabilities, self._basis.answers.said
        assert scores is not None  # noqa: S101 - classes have both
        assert said is not None  # noqa: S101 - the same
        actual = scoring.classes_of(self._basis.actual, scores.shape[1])
        held = cbpe.calibrate(scores, actual)
        if held.error >= WORST_CALIBRATION:
            raise EstimateUncalibrated(
                f"On rows held back, probabilities and outcomes differ by {held.error:.1%} beyond "
                f"chance; an estimate needs less than {WORST_CALIBRATION:.0%}."
            )
        self._calibration = held
        self._check = EstimateCheck(
            metric="accuracy",
            estimated=float(held.held_back[np.arange(len(said)), said].mean()),
            realised=float((said == actual).mean()),
            calibration_error=held.error,
        )


def forget() -> None:
    """Drop every cached answer."""
    with _lock:
        _cache.clear()
        _recent.clear()


def _state(db: Session, deployment_id: uuid.UUID) -> tuple[Any, ...]:
    """Name what an answer rests on: another state gives another answer."""
    own = CaptureSegment.deployment_id == deployment_id
    kept = db.execute(select(func.count(), func.max(CaptureSegment.created_at)).where(own)).one()
    known = db.execute(
        select(func.count(), func.max(Outcome.received_at)).where(
            Outcome.deployment_id == deployment_id, Outcome.hour.is_not(None)
        )
    ).one()
    entry = reference_tables.find(db, deployment_id)
    return (*kept, *known, entry.created_at if entry else None)


def _is_estimated(db: Session, deployment_id: uuid.UUID, said: Answers) -> bool:
    """Tell numbers from class labels that happen to be numbers."""
    outputs = reference_tables.outputs_of(db, deployment_id)
    if outputs:
        return outputs[0] in _REAL
    return said.numbers is not None and bool((said.numbers[said.known] % 1 != 0).any())


def _beside(features: Floats, predicted: Floats) -> Floats:
    return np.column_stack([features, predicted])
