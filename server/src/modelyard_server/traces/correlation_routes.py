"""Statistics of traces as MLflow's client asks for them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Response

from modelyard_server.kernel.db import Db
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import correlation

router = APIRouter(prefix="/api/3.0/mlflow/traces", tags=["traces"], include_in_schema=False)


class Correlate(msgspec.Struct):
    experiment_ids: list[str]
    filter_string1: str
    filter_string2: str
    base_filter: str = ""


@router.post("/calculate-filter-correlation", dependencies=wire.READS)
def correlate_filters(
    body: Annotated[Correlate, wire.body(Correlate)],
    db: Db,
    actor: Annotated[Actor, allowed(Permission.experiments_read)],  # noqa: ARG001
) -> Response:
    """Say how far two filters find the same traces."""
    numbers = [int(i) for i in body.experiment_ids if i.isascii() and i.isdigit() and len(i) < 18]
    found = correlation.measure(
        db, numbers, body.filter_string1, body.filter_string2, body.base_filter
    )
    return wire.answer(
        {
            "npmi": wire.number_or_nan(found.npmi),
            "npmi_smoothed": wire.number_or_nan(found.smoothed),
            "filter1_count": found.first,
            "filter2_count": found.second,
            "joint_count": found.both,
            "total_count": found.total,
        }
    )
