"""Scorers as MLflow's client registers and reads them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Response

from modelyard_server.kernel.db import Db
from modelyard_server.tracking.mlflow import wire
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import scorers
from .errors import ScorerRefused
from .models import ScorerVersion

router = APIRouter(prefix="/api/3.0/mlflow/scorers", tags=["scorers"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.experiments_read)]
Writer = Annotated[Actor, allowed(Permission.experiments_write)]


class Register(msgspec.Struct):
    experiment_id: str
    name: str
    serialized_scorer: str


class Listing(msgspec.Struct):
    experiment_id: str = ""
    experiment_ids: list[str] = []


class Named(msgspec.Struct):
    experiment_id: str
    name: str
    version: wire.Whole | None = None


@router.post("/register")
def register_scorer(
    body: Annotated[Register, wire.body(Register)], db: Db, actor: Writer
) -> Response:
    """Keep the next version of a scorer."""
    row = scorers.register(db, actor, body.experiment_id, body.name, body.serialized_scorer)
    shown = _shown(row)
    return wire.answer(
        {
            **{key: shown[key] for key in ("serialized_scorer", "creation_time", "scorer_id")},
            "experiment_id": str(row.experiment_id),
            "name": row.name,
            "version": row.version,
        }
    )


@router.get("/list")
def list_scorers(
    body: Annotated[Listing, wire.query(Listing)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """List the newest version of each scorer."""
    if body.experiment_id and body.experiment_ids:
        raise ScorerRefused("Cannot specify both 'experiment_id' and 'experiment_ids'.")
    found = scorers.newest(db, body.experiment_id or None)
    if body.experiment_ids:
        found = [row for row in found if str(row.experiment_id) in body.experiment_ids]
    return wire.answer({"scorers": [_shown(row) for row in found]})


@router.get("/versions")
def list_scorer_versions(
    body: Annotated[Named, wire.query(Named)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """List the versions of a scorer."""
    found = scorers.versions(db, body.experiment_id, body.name)
    return wire.answer({"scorers": [_shown(row) for row in found]})


@router.get("/get")
def get_scorer(
    body: Annotated[Named, wire.query(Named)],
    db: Db,
    actor: Reader,  # noqa: ARG001
) -> Response:
    """Give a version of a scorer, the newest unless one is named."""
    row = scorers.get(db, body.experiment_id, body.name, body.version)
    return wire.answer({"scorer": _shown(row)})


@router.delete("/delete")
def delete_scorer(
    body: Annotated[Named, wire.body_or_query(Named)], db: Db, actor: Writer
) -> Response:
    """Delete one version of a scorer, or all."""
    scorers.remove(db, actor, body.experiment_id, body.name, body.version)
    return wire.answer()


def _shown(row: ScorerVersion) -> dict[str, Any]:
    return {
        "experiment_id": row.experiment_id,
        "scorer_name": row.name,
        "scorer_version": row.version,
        "serialized_scorer": row.serialized,
        "creation_time": row.created_ms,
        "scorer_id": row.scorer_id,
    }
