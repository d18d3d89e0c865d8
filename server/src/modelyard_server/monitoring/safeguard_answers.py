"""Answers how often safeguards held, and against what."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from modelyard_server.deployments import service as deployments
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import queries, safeguard_counts, spans
from .safeguard_schemas import HeldCount, HeldOut, HeldRow
from .schemas import Window
from .spans import Span

STEPS = {"1h": 300, "24h": 3600, "7d": 6 * 3600}


def read(db: Session, actor: trail.Who, deployment_id: uuid.UUID, window: Window) -> HeldOut:
    """Count calls that safeguards held against, by safeguard.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.monitored_one(db, actor, deployment_id)
    rules = {one.name: one for one in deployments.safeguards_of(db, actor, deployment_id)}
    traffic = spans.TRAFFIC[window]
    span = Span(traffic.length_seconds, STEPS[window], traffic.resolution)
    since, until = spans.bounds(span, utcnow())
    calls, _ = queries.traffic(db, span, since, deployment_id=deployment_id)
    found = safeguard_counts.by_stretch(db, deployment_id, since, until)
    points: dict[str, list[int]] = {}
    for at, by_name in found.items():
        step = max(0, int((at - since).total_seconds()) // span.step_seconds)
        for name, one in by_name.items():
            points.setdefault(name, [0] * span.steps)[step] += one.calls
    total = safeguard_counts.total(found)
    made = []
    for name in sorted({*total, *rules}):
        counted = total.get(name, safeguard_counts.Counted())
        rule = rules.get(name)
        made.append(
            HeldCount(
                name=name,
                asks=rule.asks() if rule else None,
                action=rule.action.value if rule else None,
                calls=counted.calls,
                rows=counted.rows,
                share=counted.calls / calls.requests if calls.requests else None,
                examples=[HeldRow(prediction_id=i, row=n) for i, n in counted.examples],
                points=points.get(name, [0] * span.steps),
            )
        )
    made.sort(key=lambda one: -one.calls)
    return HeldOut(
        window=window,
        since=since,
        until=until,
        step_seconds=span.step_seconds,
        calls=calls.requests,
        safeguards=made,
    )


def calls_of(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> dict[str, int]:
    """Give how many calls each safeguard held against in a stretch."""
    found = safeguard_counts.by_stretch(db, deployment_id, since, until)
    return {name: one.calls for name, one in safeguard_counts.total(found).items()}
