"""What the page of a model shows besides its versions."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import select

from modelyard_server.kernel.db import Db
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import cards, comparing, labels, protected, service, tracing, verdicts, versions, views
from .card_schemas import CardOut, CardPut, LineageOut, ProtectedAliasOut, VersionDiffOut
from .models import ProtectedAlias
from .ports import ServedVersions
from .schemas import ScanRelease, TagSet, VersionOut

router = APIRouter(prefix="/api/v1", tags=["registry"])
Reader = Annotated[Actor, allowed(Permission.models_read)]
Writer = Annotated[Actor, allowed(Permission.models_write)]
Releaser = Annotated[Actor, allowed(Permission.scans_release)]
Manager = Annotated[Actor, allowed(Permission.workspace_manage)]
Served = Annotated[ServedVersions, provided(ServedVersions)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Which = Annotated[int, Query(ge=1, le=2**31 - 1)]


@router.get("/models/{model_id}/card")
def get_card(model_id: uuid.UUID, db: Db, actor: Reader) -> CardOut:
    """Give a model's card, what is known without it, and what it does not say yet."""
    return cards.card_of(db, actor, service.get_model(db, actor, model_id))


@router.put("/models/{model_id}/card")
def write_card(model_id: uuid.UUID, body: CardPut, db: Db, actor: Writer) -> CardOut:
    """Replace a model's card: Markdown with optional YAML front matter."""
    model = service.get_model(db, actor, model_id, lock=True)
    cards.write_card(db, actor, model, body.text)
    return cards.card_of(db, actor, model)


@router.put("/models/{model_id}/tags/{key:path}", status_code=204)
def set_model_tag(model_id: uuid.UUID, key: str, body: TagSet, db: Db, actor: Writer) -> None:
    """Set a tag of a model."""
    model = service.get_model(db, actor, model_id, lock=True)
    labels.tag_model(db, actor, model, key, body.value)


@router.delete("/models/{model_id}/tags/{key:path}", status_code=204)
def delete_model_tag(model_id: uuid.UUID, key: str, db: Db, actor: Writer) -> None:
    """Remove a tag of a model."""
    labels.untag_model(db, actor, service.get_model(db, actor, model_id, lock=True), key)


@router.get("/models/{model_id}/diff")
def compare_versions(
    model_id: uuid.UUID, a: Which, b: Which, db: Db, actor: Reader
) -> VersionDiffOut:
    """Compare two versions: signature, environment, metrics, parameters, files, tags."""
    return comparing.compare(db, actor, service.get_model(db, actor, model_id), a, b)


@router.get("/models/{model_id}/versions/{version}/lineage")
def get_lineage(
    model_id: uuid.UUID, version: Number, db: Db, actor: Reader, served: Served
) -> LineageOut:
    """Show where a version comes from, where it goes, and what deleting it would break."""
    model = service.get_model(db, actor, model_id)
    return tracing.trace(db, actor, model, versions.find(db, model, version), served)


@router.post("/models/{model_id}/versions/{version}/scan/release")
def release_scan(
    model_id: uuid.UUID, version: Number, body: ScanRelease, db: Db, actor: Releaser
) -> VersionOut:
    """Let a version that the scan finds suspicious be served, with a reason that is kept."""
    model = service.get_model(db, actor, model_id)
    verdicts.release(db, actor, model, versions.find(db, model, version), body.reason)
    return views.versions_out(db, model, [views.one_version(db, model, version)])[0]


@router.delete("/models/{model_id}/versions/{version}/scan/release", status_code=204)
def withdraw_release(model_id: uuid.UUID, version: Number, db: Db, actor: Releaser) -> None:
    """Take a release back; what already serves goes on."""
    model = service.get_model(db, actor, model_id)
    verdicts.withdraw(db, actor, model, versions.find(db, model, version))


@router.get("/protected-aliases")
def list_protected_aliases(db: Db, actor: Reader) -> list[ProtectedAliasOut]:  # noqa: ARG001
    """List the aliases that only some may move."""
    rows = db.scalars(select(ProtectedAlias).order_by(ProtectedAlias.alias))
    return [ProtectedAliasOut.model_validate(row) for row in rows]


@router.put("/protected-aliases/{protected_alias}")
def protect_alias(protected_alias: str, db: Db, actor: Manager) -> list[ProtectedAliasOut]:
    """Let only those with `aliases.move_protected` move this alias; give all protected ones."""
    protected.protect(db, actor, protected_alias)
    db.flush()
    return list_protected_aliases(db, actor)


@router.delete("/protected-aliases/{protected_alias}", status_code=204)
def unprotect_alias(protected_alias: str, db: Db, actor: Manager) -> None:
    """Let everybody who may write models move this alias."""
    protected.release(db, actor, protected_alias)
