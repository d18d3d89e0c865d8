"""HTTP of outcomes: sending them, realised quality, slices, and what they are worth."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import outcomes, ranking, realised, reporting, slicing, unset, worth
from .capture_routes import capture_key
from .entity_outcomes import Terms
from .outcome_schemas import (
    WITHIN_SECONDS,
    OutcomeIn,
    OutcomesIn,
    OutcomesReceived,
    QualityOut,
    QualityRange,
    SliceQuality,
    SlicesOut,
    ValueIn,
    ValueOut,
    Within,
)
from .ports import NodeFacts
from .reporting_schemas import ReportIn, ReportReceived
from .senders import Sender
from .unset import OrNone

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
RowReader = Annotated[Actor, allowed(Permission.predictions_read)]
Reporter = Annotated[Actor, allowed(Permission.outcomes_write)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Node = Annotated[NodeFacts, provided(NodeFacts)]
FileBody = Annotated[bytes, Body(media_type="application/octet-stream")]


@router.post("/reports", status_code=202)
def report_rows(
    deployment_id: uuid.UUID, sent: ReportIn, db: Db, actor: Reporter, node: Node
) -> ReportReceived:
    """Report rows that a model served elsewhere has predicted: up to 10,000, all or nothing."""
    return reporting.receive(db, actor, node.reported_folder(), deployment_id, sent)


def terms(
    request: Request,
    within_seconds: Annotated[
        Within, Query(description="How old the prediction of an entity may be at most.")
    ] = WITHIN_SECONDS,
) -> Terms:
    """Give how outcomes that name an entity are joined."""
    return Terms(capture_key(request), within_seconds)


Joined = Annotated[Terms, Depends(terms)]


@router.post("/outcomes")
def send_outcomes(
    deployment_id: uuid.UUID, sent: OutcomeIn | OutcomesIn, db: Db, actor: Sender, joined: Joined
) -> OutcomesReceived:
    """Say what really came of predictions: one outcome, or up to 10,000."""
    given = sent.outcomes if isinstance(sent, OutcomesIn) else [sent]
    return outcomes.receive(db, actor, deployment_id, given, joined)


@router.post("/outcomes/file")
def send_outcomes_file(
    deployment_id: uuid.UUID, content: FileBody, db: Db, actor: Sender, joined: Joined
) -> OutcomesReceived:
    """Say what really came of predictions with a CSV or Parquet file, all or nothing."""
    return outcomes.receive_file(db, actor, deployment_id, content, joined)


@router.get("/quality")
def get_quality(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    range: QualityRange = "7d",  # noqa: A002 - the parameter's public name
    k: Annotated[int, Query(ge=1, le=ranking.MOST_K)] = ranking.K,
) -> QualityOut:
    """Give realised quality per window of prediction time: hours of a day, days of the rest.

    `k`: how many places of a ranking count.
    """
    return realised.read(db, actor, deployment_id, range, k)


@router.get("/quality/slices")
def find_slices(
    deployment_id: uuid.UUID,
    db: Db,
    actor: RowReader,
    blobs: Blobs,
    range: QualityRange = "7d",  # noqa: A002 - the parameter's public name
) -> SlicesOut:
    """Find the parts of the inputs where the model is worst."""
    return slicing.worst(db, actor, blobs, deployment_id, range)


@router.get("/quality/slice")
def get_slice(
    deployment_id: uuid.UUID,
    condition: Annotated[str, Query(min_length=1, max_length=1000)],
    db: Db,
    actor: RowReader,
    blobs: Blobs,
    range: QualityRange = "7d",  # noqa: A002 - the parameter's public name
) -> SliceQuality:
    """Give the quality of the rows that a condition on inputs chooses, such as `age > 40`."""
    return slicing.of_condition(db, actor, blobs, deployment_id, range, condition)


@router.get("/value")
def get_value(
    deployment_id: uuid.UUID, db: Db, actor: Reader, or_none: OrNone = False
) -> ValueOut | None:
    """Give what outcomes are worth."""
    return unset.told(worth.read, db, actor, deployment_id, or_none=or_none)


@router.put("/value")
def put_value(deployment_id: uuid.UUID, wanted: ValueIn, db: Db, actor: Manager) -> ValueOut:
    """Say what outcomes are worth."""
    return worth.change(db, actor, deployment_id, wanted)
