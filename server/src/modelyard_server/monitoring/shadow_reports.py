"""The report on a shadow revision: complete counts, and slices and examples from a sample."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.lazily import lazily

from . import latency, quality, slices
from .errors import NoShadow
from .grid import Floats
from .models import ShadowCall, ShadowCount
from .shadow_schemas import ShadowExample, ShadowOut, ShadowSlice

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


MOST_SAMPLED = 5000  # newest copies that slices and examples are found in
EXAMPLES = 20


def report(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, revision: int | None = None
) -> ShadowOut:
    """Tell how a shadow did: the one that runs, else the last one, or the one named.

    Raises:
        DeploymentMissing: there is no such deployment.
        NoShadow: no revision has ever been a shadow here, or not this one.
    """
    deployment = deployments.get(db, actor, deployment_id)
    running = deployment.candidate_number if deployment.shadow_percent else None
    number = revision or running or _last(db, deployment_id)
    rows = _counts(db, deployment_id, number)
    if number is None or (not rows and number != running):
        raise NoShadow("No revision has got copies of calls here.")
    shadow = deployments.revision_of(db, deployment, number)
    calls = _calls(db, deployment_id, number)
    total = {name: sum(getattr(row, name) for row in rows) for name in _SUMS}
    compared, differing = total["rows"], total["differing"]
    low, high = quality.wilson(differing, compared) if compared else (None, None)
    inside, live = _latency(rows, "latency"), _latency(rows, "live_latency")
    columns, loss = _table(calls)
    return ShadowOut(
        deployment_id=deployment_id,
        revision=number,
        version=shadow.version,
        is_running=number == running,
        percent=deployment.shadow_percent if number == running else None,
        since=_since(deployments.traffic_from(shadow), rows),
        **total,
        disagreement=differing / compared if compared else None,
        disagreement_low=low,
        disagreement_high=high,
        p50_ms=latency.percentile_ms(inside, 0.5),
        p95_ms=latency.percentile_ms(inside, 0.95),
        live_p50_ms=latency.percentile_ms(live, 0.5),
        live_p95_ms=latency.percentile_ms(live, 0.95),
        sampled_rows=len(loss),
        slices=[_slice(one) for one in slices.scan(columns.items(), loss)] if len(loss) else [],
        examples=_examples(calls),
    )


_SUMS = ("calls", "failed", "dropped", "rows", "differing")


def _since(began: dt.datetime | None, rows: Sequence[ShadowCount]) -> dt.datetime | None:
    """Give when it began; counts know the hour alone, and outlive a rollout that began anew."""
    if not rows:
        return began
    hour = rows[0].at
    return hour if began is None or began >= hour + dt.timedelta(hours=1) else began


def _last(db: Session, deployment_id: uuid.UUID) -> int | None:
    query = select(func.max(ShadowCount.revision))
    return db.scalar(query.where(ShadowCount.deployment_id == deployment_id))


def _counts(db: Session, deployment_id: uuid.UUID, revision: int | None) -> list[ShadowCount]:
    query = select(ShadowCount).where(
        ShadowCount.deployment_id == deployment_id, ShadowCount.revision == revision
    )
    return list(db.scalars(query.order_by(ShadowCount.at)))


def _calls(db: Session, deployment_id: uuid.UUID, revision: int) -> list[ShadowCall]:
    query = select(ShadowCall).where(
        ShadowCall.deployment_id == deployment_id, ShadowCall.revision == revision
    )
    return list(db.scalars(query.order_by(ShadowCall.at.desc()).limit(MOST_SAMPLED)))


def _latency(rows: Sequence[ShadowCount], name: str) -> latency.Counts:
    total: latency.Counts = {}
    for row in rows:
        counts = getattr(row, name)
        total = latency.merge(total, {int(bucket): calls for bucket, calls in counts.items()})
    return total


def _table(calls: Sequence[ShadowCall]) -> tuple[dict[str, list[Any]], Floats]:
    """Give the sampled inputs by column, and per row whether the shadow disagreed or failed."""
    rows: list[dict[str, Any]] = []
    loss: list[float] = []
    for call in calls:
        sent = _read(call.inputs)
        wrong = call.differs or [True] * (len(sent) if call.error else 0)
        for row, differs in zip(sent, wrong, strict=False):
            if isinstance(row, dict):
                rows.append(row)
                loss.append(float(differs))
    columns: dict[str, list[Any]] = defaultdict(list)
    for name in dict.fromkeys(name for row in rows for name in row):
        columns[name] = [row.get(name) for row in rows]
    return columns, np.array(loss, dtype=np.float64)


def _examples(calls: Sequence[ShadowCall]) -> list[ShadowExample]:
    found: list[ShadowExample] = []
    for call in calls:
        if len(found) >= EXAMPLES:
            break
        at = call.differs.index(True) if True in call.differs else None
        if at is None and call.error is None:
            continue
        found.append(_example(call, at or 0))
    return found


def _example(call: ShadowCall, at: int) -> ShadowExample:
    inputs = _read(call.inputs)
    row = inputs[at] if at < len(inputs) and isinstance(inputs[at], dict) else None
    live, shadow = _read(call.outputs), _read(call.shadow_outputs)
    return ShadowExample(
        prediction_id=call.prediction_id,
        at=call.at,
        inputs=row,
        live=live[at] if at < len(live) else None,
        shadow=shadow[at] if at < len(shadow) else None,
        error=call.error,
    )


def _read(text: str | None) -> list[Any]:
    found = orjson.loads(text) if text else []
    return found if isinstance(found, list) else []


def _slice(one: slices.Slice) -> ShadowSlice:
    return ShadowSlice(
        feature=one.feature,
        label=one.label,
        condition=one.condition,
        rows=one.rows,
        disagreement=one.loss,
        elsewhere=one.loss_elsewhere,
        q_value=one.q_value,
    )
