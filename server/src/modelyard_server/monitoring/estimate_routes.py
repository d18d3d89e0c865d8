"""HTTP of estimates without outcomes, and of the reference they are learned from."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Body, Query

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import estimates, reference_tables, unset
from .estimate_schemas import EstimateOut, NoEstimate, ReferenceOut
from .outcome_schemas import QualityRange
from .unset import OrNone

router = APIRouter(prefix="/api/v1/deployments/{deployment_id}", tags=["monitoring"])
Reader = Annotated[Actor, allowed(Permission.monitoring_read)]
Manager = Annotated[Actor, allowed(Permission.monitoring_manage)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
FileBody = Annotated[bytes, Body(media_type="application/octet-stream")]
FileName = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


@router.get("/quality/estimate")
def get_estimate(
    deployment_id: uuid.UUID,
    db: Db,
    actor: Reader,
    blobs: Blobs,
    range: QualityRange = "7d",  # noqa: A002 - the parameter's public name
    or_reason: bool = False,
) -> EstimateOut | NoEstimate:
    """Give expected quality without outcomes, per window of prediction time.

    `or_reason`: where there is no estimate, answer with the reason instead of refusing.
    """
    return estimates.told(db, actor, blobs, deployment_id, range, or_reason=or_reason)


@router.get("/reference")
def get_reference(
    deployment_id: uuid.UUID, db: Db, actor: Reader, or_none: OrNone = False
) -> ReferenceOut | None:
    """Tell which labelled rows were uploaded."""
    return unset.told(reference_tables.read, db, actor, deployment_id, or_none=or_none)


@router.put("/reference")
def put_reference(
    deployment_id: uuid.UUID,
    content: FileBody,
    db: Db,
    actor: Manager,
    blobs: Blobs,
    name: FileName = "reference",
    is_baseline: bool = False,
) -> ReferenceOut:
    """Upload rows that the model has not learned from; `is_baseline`: of drift as well."""
    return reference_tables.put(
        db, actor, blobs, deployment_id, name, content, is_baseline=is_baseline
    )


@router.delete("/reference", status_code=204)
def delete_reference(deployment_id: uuid.UUID, db: Db, actor: Manager) -> None:
    """Remove the uploaded rows; estimates are learned from outcomes again."""
    reference_tables.remove(db, actor, deployment_id)
