"""Wire shapes of a drift answer."""

from __future__ import annotations

from . import drift, explain, quadrants
from .drift import ColumnDrift
from .faults import Fault
from .measuring import Measured
from .reference import PROVISIONAL_ROWS, role_of
from .schemas import DriftOut, DriftWindow, FaultOut, FeatureDrift, ImportanceOut


def as_drift(measured: Measured, asked: DriftWindow) -> DriftOut:
    """Give the wire shape; `asked`: the window before it was widened."""
    columns = sorted(measured.columns, key=lambda found: _urgency(found, measured))
    features = [_feature(found, measured) for found in columns]
    features += [_collecting(name, count) for name, count in measured.pending.items()]
    moved = measured.verdict.status is drift.Status.drifting
    confirmed = [
        f.reference.name for f in measured.columns if f.reference.name in measured.confirmed
    ]
    return DriftOut(
        window=measured.window,
        asked_window=asked,
        since=measured.since,
        until=measured.until,
        baseline=measured.baseline,
        baseline_name=measured.name,
        verdict=measured.verdict.status.value,
        verdict_reason=measured.verdict.reason,
        is_confirmed=bool(confirmed) and moved,
        persistence=explain.lasting(confirmed) if moved else None,
        moved_share=measured.verdict.share,
        quality=measured.quality.status.value,
        quality_reason=measured.quality.reason,
        rows=measured.verdict.rows,
        computed_at=measured.computed_at,
        headline=quadrants.sentence(list(measured.placed.values())),
        importance=_importance(measured),
        features=features,
    )


def _urgency(found: ColumnDrift, measured: Measured) -> tuple[int, float, str]:
    """Order by status, then by drift times importance; outputs count in full."""
    placed = measured.placed.get(found.reference.name)
    weight = placed.share if placed is not None else 1.0
    return drift.urgency(found.status), -(found.score or 0.0) * weight, found.reference.name


def _importance(measured: Measured) -> ImportanceOut | None:
    weighed = measured.weighed
    if weighed is None:
        return None
    return ImportanceOut(
        source=weighed.source,
        has_outcomes=weighed.has_outcomes,
        rows=weighed.rows,
        loss=weighed.loss,
        fair_share=quadrants.fair_share(len(measured.placed)),
        reason=weighed.reason,
        measured_at=weighed.measured_at,
    )


def _feature(found: ColumnDrift, measured: Measured) -> FeatureDrift:
    column = found.reference
    placed = measured.placed.get(column.name)
    share = {signal.fault: signal for signal in found.signals}
    missing, unseen = share.get(Fault.missing), share.get(Fault.unseen)
    extreme, wrong = share.get(Fault.out_of_range), share.get(Fault.type_error)
    return FeatureDrift(
        feature=column.name,
        role=column.role.value,
        kind=column.grid.kind.value,
        status=found.status.value,
        severity=found.severity,
        is_confirmed=column.name in measured.confirmed,
        is_usual=found.is_usual,
        method=found.method,
        score=found.score,
        distance=found.distance,
        psi=found.psi,
        noise_floor=found.noise,
        statistic=found.statistic,
        p_value=found.p_value,
        q_value=found.q_value,
        shift_in_sd=found.shift,
        bins=found.bins,
        distinct_current=found.distinct,
        distinct_reference=column.distinct,
        importance=measured.importance.get(column.name),
        importance_share=placed.share if placed else None,
        quadrant=placed.quadrant.value if placed else None,
        threshold=drift.EFFECT,
        n_current=found.n_current,
        n_reference=found.n_reference,
        null_rate_current=missing.current if missing else None,
        null_rate_reference=missing.expected if missing else None,
        unseen_rate=unseen.current if unseen else None,
        out_of_range_rate=extreme.current if extreme else None,
        type_error_rate=wrong.current if wrong else None,
        faults=[
            FaultOut(
                fault=signal.fault.value,
                current=signal.current,
                expected=signal.expected,
                p_value=signal.p_value,
                q_value=signal.q_value,
                explain=explain.fault(None, signal),
            )
            for signal in found.signals
            if signal.is_flagged
        ],
        explain=found.explain,
        trend=[drift.score(column, step) for step in measured.steps],
    )


def _collecting(name: str, count: int) -> FeatureDrift:
    return FeatureDrift(
        feature=name,
        role=role_of(name).value,
        kind="text",
        status="no_reference",
        severity="none",
        is_confirmed=False,
        is_usual=False,
        method="",
        score=None,
        distance=None,
        psi=None,
        noise_floor=None,
        statistic=None,
        p_value=None,
        q_value=None,
        shift_in_sd=None,
        bins=None,
        distinct_current=None,
        distinct_reference=None,
        importance=None,
        importance_share=None,
        quadrant=None,
        threshold=drift.EFFECT,
        n_current=0,
        n_reference=count,
        null_rate_current=None,
        null_rate_reference=None,
        unseen_rate=None,
        out_of_range_rate=None,
        type_error_rate=None,
        faults=[],
        explain=explain.collecting(count, PROVISIONAL_ROWS),
        trend=[],
    )
