"""HTTP of alerts: the inbox, one alert, and what is done about it."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.deployments.ports import Capacity, Publisher
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.http import Cursors, Page, cursors
from modelyard_server.kernel.services import provided
from modelyard_server.monitoring.ports import Catalogue
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import actions, handling, incidents, investigation, rule_routes, shifts, views
from .alert_schemas import (
    AlertOut,
    AlertRow,
    AlertSlices,
    ChangeOut,
    Counts,
    Example,
    FeatureCause,
    ShiftPreview,
    SignalChart,
    Tab,
)
from .schemas import Adjust, Assignment, Mute, Remark, Resolve, RollBack, Shift, Snooze

router = APIRouter(prefix="/api/v1", tags=["alerts"])
routers = [router, rule_routes.router]
Reader = Annotated[Actor, allowed(Permission.alerts_read)]
Handler = Annotated[Actor, allowed(Permission.alerts_handle)]
Deployer = Annotated[Actor, allowed(Permission.deployments_create)]
RowReader = Annotated[Actor, allowed(Permission.predictions_read)]
Known = Annotated[Catalogue, provided(Catalogue)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Here = Annotated[Capacity, provided(Capacity)]
Publishing = Annotated[Publisher, provided(Publisher)]
Configured = Annotated[Settings, provided(Settings)]


@router.get("/alerts")
def list_alerts(
    db: Db,
    actor: Reader,  # noqa: ARG001
    codec: Annotated[Cursors, Depends(cursors)],
    tab: Tab = "open",
    deployment_id: uuid.UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AlertRow]:
    """List alerts, grouped by deployment and cause, newest first."""
    return views.inbox(db, codec, tab=tab, deployment_id=deployment_id, cursor=cursor, limit=limit)


@router.get("/alert-counts")
def get_counts(db: Db, actor: Reader) -> Counts:  # noqa: ARG001
    """Count alerts, and tell how fast they were handled over 30 days."""
    return views.counts(db)


@router.get("/alerts/{alert_id}")
def get_alert(alert_id: uuid.UUID, db: Db, actor: Reader) -> AlertOut:
    """Show one alert with its story and its impact."""
    return views.one(db, actor, incidents.get(db, alert_id))


@router.get("/alerts/{alert_id}/changes")
def list_changes(alert_id: uuid.UUID, db: Db, actor: Reader, known: Known) -> list[ChangeOut]:
    """Give what changed in the day before, ranked by closeness in time and size."""
    return investigation.changes(db, actor, known, alert_id)


@router.get("/alerts/{alert_id}/signal")
def get_signal(alert_id: uuid.UUID, db: Db, actor: Reader, blobs: Blobs) -> SignalChart:
    """Give the course of the rule that fired first, with marks."""
    return investigation.chart(db, actor, blobs, alert_id)


@router.get("/alerts/{alert_id}/features")
def list_features(alert_id: uuid.UUID, db: Db, actor: Reader, known: Known) -> list[FeatureCause]:
    """Give the columns that moved most, both distributions on the same bins."""
    return investigation.features(db, actor, known, alert_id)


@router.get("/alerts/{alert_id}/slices")
def list_slices(alert_id: uuid.UUID, db: Db, actor: RowReader, blobs: Blobs) -> AlertSlices:
    """Tell where the model lost most in its time, from kept rows with outcomes."""
    return investigation.slices(db, actor, blobs, alert_id)


@router.get("/alerts/{alert_id}/examples")
def list_examples(alert_id: uuid.UUID, db: Db, actor: RowReader) -> list[Example]:  # noqa: ARG001
    """Give logged calls of the time; values of columns with telling names are hidden."""
    return investigation.examples(db, alert_id)


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(alert_id: uuid.UUID, db: Db, actor: Handler) -> AlertOut:
    """Say that somebody looks at it: no repeats, no escalation."""
    return views.one(db, actor, handling.acknowledge(db, actor, alert_id))


@router.post("/alerts/{alert_id}/assign")
def assign(alert_id: uuid.UUID, body: Assignment, db: Db, actor: Handler) -> AlertOut:
    """Give it to a member, or to nobody."""
    return views.one(db, actor, handling.assign(db, actor, alert_id, body.user_id))


@router.post("/alerts/{alert_id}/snooze")
def snooze(alert_id: uuid.UUID, body: Snooze, db: Db, actor: Handler) -> AlertOut:
    """Tell nobody for a while; what fires still at its end is announced."""
    return views.one(db, actor, handling.snooze(db, actor, alert_id, body.minutes))


@router.delete("/alerts/{alert_id}/snooze")
def wake(alert_id: uuid.UUID, db: Db, actor: Handler) -> AlertOut:
    """End a snooze."""
    return views.one(db, actor, handling.wake(db, actor, alert_id))


@router.post("/alerts/{alert_id}/comments", status_code=201)
def comment(alert_id: uuid.UUID, body: Remark, db: Db, actor: Handler) -> AlertOut:
    """Note something on it."""
    return views.one(db, actor, handling.comment(db, actor, alert_id, body.text))


@router.post("/alerts/{alert_id}/resolve")
def resolve(
    alert_id: uuid.UUID, body: Resolve, db: Db, actor: Handler, settings: Configured
) -> AlertOut:
    """End it with its cause; who was told of it hears that."""
    base = f"{settings.browser_url}/w/{actor.workspace_slug}"
    return views.one(db, actor, handling.resolve(db, actor, alert_id, body, base))


@router.post("/alerts/{alert_id}/roll-back", status_code=202)
def roll_back(alert_id: uuid.UUID, body: RollBack, db: Db, actor: Deployer) -> AlertOut:
    """Roll the deployment back, and watch whether that mends it."""
    return views.one(db, actor, actions.roll_back(db, actor, alert_id, body))


@router.get("/alerts/{alert_id}/shift")
def preview_shift(alert_id: uuid.UUID, db: Db, actor: Reader) -> ShiftPreview:
    """Show between which revisions traffic can be shared, side by side."""
    return shifts.preview(db, actor, alert_id)


@router.post("/alerts/{alert_id}/shift", status_code=202)
def shift_traffic(
    alert_id: uuid.UUID,
    body: Shift,
    db: Db,
    actor: Deployer,
    here: Here,
    publisher: Publishing,
) -> AlertOut:
    """Give another revision a share of the traffic, and watch whether that mends it."""
    changed = shifts.shift(db, actor, alert_id, body, here.machine())
    publisher.soon(db)
    return views.one(db, actor, changed)


@router.post("/alerts/{alert_id}/mute")
def mute_feature(alert_id: uuid.UUID, body: Mute, db: Db, actor: Handler) -> AlertOut:
    """Leave a column out of the rules behind it."""
    return views.one(db, actor, actions.mute(db, actor, alert_id, body.feature))


@router.post("/alerts/{alert_id}/adjust")
def adjust_rule(alert_id: uuid.UUID, body: Adjust, db: Db, actor: Handler) -> AlertOut:
    """Change what a rule behind it asks; try it with `/alert-rules/preview` first."""
    changed = actions.adjust(db, actor, alert_id, body.rule_id, body.condition)
    return views.one(db, actor, changed)


@router.post(
    "/alerts/{alert_id}/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
def export_window(alert_id: uuid.UUID, db: Db, actor: RowReader) -> Response:
    """Give the calls since it began, with their outcomes, as a table to train on (CSV)."""
    text = actions.window_csv(db, actor, alert_id)
    headers = {"Content-Disposition": 'attachment; filename="retraining-window.csv"'}
    return Response(text, media_type="text/csv", headers=headers)
