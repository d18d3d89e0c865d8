"""HTTP of rules, silences and the policy."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.db import Db, only_reads
from modelyard_server.kernel.services import provided
from modelyard_server.settings import Settings
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import ending, previewing, rules, silences
from .schemas import (
    PolicyValues,
    PreviewIn,
    PreviewOut,
    RuleChange,
    RuleCreate,
    RuleOut,
    RulePatch,
    SilenceCreate,
    SilenceOut,
)

router = APIRouter(prefix="/api/v1", tags=["alerts"])
Reader = Annotated[Actor, allowed(Permission.alerts_read)]
Keeper = Annotated[Actor, allowed(Permission.alerts_manage)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Configured = Annotated[Settings, provided(Settings)]


@router.get("/alert-rules")
def list_rules(
    db: Db,
    actor: Reader,  # noqa: ARG001
    deployment_id: uuid.UUID | None = None,
) -> list[RuleOut]:
    """List rules with what they saw last."""
    return rules.listed(db, deployment_id)


@router.post("/alert-rules", status_code=201)
def create_rule(body: RuleCreate, db: Db, actor: Keeper) -> RuleOut:
    """Make a rule."""
    return rules.listed(db, only=rules.create(db, actor, body).id)[0]


@router.post("/alert-rules/preview", dependencies=[Depends(only_reads)])
def preview_rule(body: PreviewIn, db: Db, actor: Reader, blobs: Blobs) -> PreviewOut:
    """Tell how often a rule would have fired over what is stored."""
    return previewing.preview(db, actor, blobs, body)


@router.get("/alert-rules/{rule_id}")
def get_rule(rule_id: uuid.UUID, db: Db, actor: Reader) -> RuleOut:  # noqa: ARG001
    """Show one rule."""
    return rules.listed(db, only=rules.get(db, rule_id).id)[0]


@router.get("/alert-rules/{rule_id}/history")
def list_rule_changes(rule_id: uuid.UUID, db: Db, actor: Reader) -> list[RuleChange]:
    """Give the changes of a rule, newest first."""
    return rules.history(db, actor, rule_id)


@router.patch("/alert-rules/{rule_id}")
def change_rule(
    rule_id: uuid.UUID, body: RulePatch, db: Db, actor: Keeper, settings: Configured
) -> RuleOut:
    """Change a rule, or switch it off; switching off ends its part in an alert."""
    rule = rules.change(db, actor, rule_id, body)
    if not rule.is_enabled:
        ending.of_rule(db, rule, f"{settings.browser_url}/w/{actor.workspace_slug}")
    return rules.listed(db, only=rule.id)[0]


@router.delete("/alert-rules/{rule_id}", status_code=204)
def delete_rule(rule_id: uuid.UUID, db: Db, actor: Keeper, settings: Configured) -> None:
    """Remove a rule; its part in an alert ends."""
    rule = rules.remove(db, actor, rule_id)
    ending.of_rule(db, rule, f"{settings.browser_url}/w/{actor.workspace_slug}")


@router.get("/silences")
def list_silences(db: Db, actor: Reader) -> list[SilenceOut]:  # noqa: ARG001
    """List silences and maintenance windows, the newest first."""
    return [SilenceOut.model_validate(row) for row in silences.listed(db)]


@router.post("/silences", status_code=201)
def create_silence(body: SilenceCreate, db: Db, actor: Keeper) -> SilenceOut:
    """Tell nobody about what matches, from a time to a time."""
    return SilenceOut.model_validate(silences.create(db, actor, body))


@router.delete("/silences/{silence_id}", status_code=204)
def end_silence(silence_id: uuid.UUID, db: Db, actor: Keeper) -> None:
    """End a silence now; what still fires is announced."""
    silences.end(db, actor, silence_id)


@router.get("/alert-policy")
def get_policy(db: Db, actor: Reader) -> PolicyValues:  # noqa: ARG001
    """Give how long notices wait for their group, repeat, and escalate."""
    return silences.policy(db)


@router.put("/alert-policy")
def set_policy(body: PolicyValues, db: Db, actor: Keeper) -> PolicyValues:
    """Change how patient the workspace is."""
    return silences.set_policy(db, actor, body)
