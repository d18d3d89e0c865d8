"""Safeguards of a deployment: what the gateway holds against every answer."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from modelyard_protocol.language import ENGINE
from modelyard_protocol.package import Signature
from modelyard_protocol.safeguards import Safeguard
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import changes
from .errors import SafeguardRefused, SafeguardsMoved
from .lookup import get, revision_of
from .models import Deployment
from .safeguard_schemas import SafeguardsOut, SafeguardsPut


def of(deployment: Deployment) -> tuple[Safeguard, ...]:
    """Give what holds."""
    stored = (deployment.safeguards or {}).get("safeguards", [])
    return tuple(Safeguard.model_validate(one) for one in stored)


def of_deployment(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> tuple[Safeguard, ...]:
    """Give what holds for one deployment.

    Raises:
        DeploymentMissing: there is none with this id.
    """
    return of(get(db, actor, deployment_id))


def shown(db: Session, deployment: Deployment) -> SafeguardsOut:
    """Give what holds, since when, and what could be looked at."""
    stored: dict[str, Any] = deployment.safeguards or {}
    return SafeguardsOut(
        version=stored.get("version", 0),
        safeguards=list(of(deployment)),
        inputs=_inputs(db, deployment),
        updated_at=stored.get("updated_at"),
        updated_by_name=stored.get("updated_by_name"),
    )


def change(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, wanted: SafeguardsPut
) -> Deployment:
    """Hold these against every answer from now on.

    Raises:
        DeploymentMissing: there is none with this id.
        SafeguardsMoved: somebody else changed them since they were read.
        SafeguardRefused: one looks at an input that the model has not, or it is a language model.
    """
    deployment = get(db, actor, deployment_id, lock=True)
    before: dict[str, Any] = deployment.safeguards or {"version": 0, "safeguards": []}
    version = before["version"]
    if wanted.based_on is not None and wanted.based_on != version:
        raise SafeguardsMoved("Somebody changed the safeguards since you read them. Read again.")
    if wanted.safeguards and _speaks(db, deployment):
        raise SafeguardRefused("Safeguards look at values; a language model answers with text.")
    _refuse_unknown_inputs(wanted, _inputs(db, deployment))
    chosen = [one.model_dump(mode="json", exclude_none=True) for one in wanted.safeguards]
    deployment.safeguards = {
        "version": version + 1,
        "safeguards": chosen,
        "updated_at": utcnow().isoformat(),
        "updated_by_name": actor.name,
    }
    changes.record(
        db,
        actor,
        "deployments.set_safeguards",
        deployment,
        before={"safeguards": before["safeguards"]},
        after={"safeguards": chosen},
    )
    return deployment


def _inputs(db: Session, deployment: Deployment) -> list[str]:
    number = deployment.live_number or deployment.last_number
    if not number:
        return []
    signature = Signature.model_validate(revision_of(db, deployment, number).signature)
    return [column.name for column in signature.inputs if column.shape is None]


def _speaks(db: Session, deployment: Deployment) -> bool:
    number = deployment.live_number or deployment.last_number
    return bool(number) and revision_of(db, deployment, number).engine == ENGINE


def _refuse_unknown_inputs(wanted: SafeguardsPut, inputs: list[str]) -> None:
    for at, one in enumerate(wanted.safeguards):
        if one.on == "input" and one.column not in inputs:
            told = f"The model has no named input {one.column!r}."
            location = f"body.safeguards.{at}.column"
            raise SafeguardRefused(told, fields=[{"location": location, "problem": told}])
