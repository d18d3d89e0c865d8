"""The registry as the unmodified MLflow client speaks to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import http
from modelyard_server.kernel.db import Db
from modelyard_server.kernel.errors import Invalid
from modelyard_server.kernel.services import provided
from modelyard_server.workspaces.access import Actor, allowed
from modelyard_server.workspaces.permissions import Permission

from . import labels, search, service, versions
from .errors import NameRefused
from .mlflow_shapes import (
    AliasBody,
    CreateModelBody,
    CreateVersionBody,
    KeyBody,
    LatestBody,
    ModelTagBody,
    NameBody,
    RenameBody,
    SetAliasBody,
    StageBody,
    UpdateModelBody,
    UpdateVersionBody,
    VersionBody,
    VersionKeyBody,
    VersionTagBody,
    model_json,
    version_json,
)
from .models import Model, ModelVersion
from .ports import ServedVersions

router = APIRouter(tags=["mlflow"], include_in_schema=False)
Reader = Annotated[Actor, allowed(Permission.models_read)]
Writer = Annotated[Actor, allowed(Permission.models_write)]
Creator = Annotated[Actor, allowed(Permission.models_create)]
Blobs = Annotated[BlobStore, provided(BlobStore)]
Served = Annotated[ServedVersions, provided(ServedVersions)]
Codec = Annotated[http.Cursors, Depends(http.cursors)]
OrderBy = Annotated[list[str] | None, Query()]
MAX_MODELS, MAX_VERSIONS = 1_000, 10_000
Answer = dict[str, Any]


def _model_answer(db: Db, model: Model) -> Answer:
    latest = search.latest_versions(db, [model.id], per_stage=True).get(model.id, [])
    of_versions = search.labels_of_versions(db, [version.id for version in latest])
    found = search.labels_of_models(db, [model.id])
    return {"registered_model": model_json(model, found, latest, of_versions)}


def _version_answer(db: Db, model: Model, version: ModelVersion) -> Answer:
    return {
        "model_version": version_json(model, version, search.labels_of_versions(db, [version.id]))
    }


@router.post("/registered-models/create")
def create_registered_model(body: CreateModelBody, db: Db, actor: Creator) -> Answer:
    tags = {tag.key: tag.value for tag in body.tags}
    description = body.description or ""
    model = service.create_model(db, actor, body.name, description=description, tags=tags)
    return _model_answer(db, model)


@router.get("/registered-models/get")
def get_registered_model(name: str, db: Db, actor: Reader) -> Answer:
    return _model_answer(db, service.model_named(db, actor, name))


@router.post("/registered-models/rename")
def rename_registered_model(body: RenameBody, db: Db, actor: Writer) -> Answer:
    return _model_answer(db, service.rename_model(db, actor, body.name, body.new_name))


@router.patch("/registered-models/update")
def update_registered_model(body: UpdateModelBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    service.describe_model(db, actor, model, body.description or "")
    return _model_answer(db, model)


@router.delete("/registered-models/delete")
def delete_registered_model(body: NameBody, db: Db, actor: Writer, served: Served) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    service.delete_model(db, actor, model.id, served)
    return {}


@router.get("/registered-models/search")
def search_registered_models(
    db: Db,
    actor: Reader,
    codec: Codec,
    filter: str = "",  # noqa: A002 - MLflow's name
    max_results: Annotated[int, Query(ge=1, le=MAX_MODELS)] = 100,
    order_by: OrderBy = None,
    page_token: str = "",
) -> Answer:
    scope = f"{actor.workspace_id}/mlflow-models/{filter}/{order_by}"
    offset = _offset(codec, scope, page_token)
    found = search.models(db, filter, order_by or [], offset=offset, limit=max_results)
    page = found[:max_results]
    ids = [model.id for model in page]
    latest = search.latest_versions(db, ids, per_stage=True)
    of_versions = search.labels_of_versions(db, [v.id for rows in latest.values() for v in rows])
    of_models = search.labels_of_models(db, ids)
    rows = [model_json(m, of_models, latest.get(m.id, []), of_versions) for m in page]
    return _page("registered_models", rows, codec, scope, offset, more=len(found) > max_results)


@router.post("/registered-models/get-latest-versions")
def get_latest_versions(body: LatestBody, db: Db, actor: Reader) -> Answer:
    return _latest(db, actor, body.name, body.stages)


@router.get("/registered-models/get-latest-versions")
def read_latest_versions(
    name: str, db: Db, actor: Reader, stages: Annotated[list[str] | None, Query()] = None
) -> Answer:
    return _latest(db, actor, name, stages or [])


def _latest(db: Db, actor: Actor, name: str, stages: list[str]) -> Answer:
    model = service.model_named(db, actor, name)
    wanted = {versions.known_stage(stage) for stage in stages}
    latest = search.latest_versions(db, [model.id], per_stage=True).get(model.id, [])
    chosen = [version for version in latest if not wanted or version.stage in wanted]
    found = search.labels_of_versions(db, [version.id for version in chosen])
    rows = [version_json(model, version, found) for version in chosen]
    return {"model_versions": rows} if rows else {}


@router.post("/registered-models/set-tag")
def set_registered_model_tag(body: ModelTagBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    labels.tag_model(db, actor, model, body.key, body.value)
    return {}


@router.delete("/registered-models/delete-tag")
def delete_registered_model_tag(body: KeyBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    labels.untag_model(db, actor, model, body.key)
    return {}


@router.post("/registered-models/alias")
def set_registered_model_alias(body: SetAliasBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    labels.set_alias(db, actor, model, body.alias, versions.find(db, model, body.version))
    return {}


@router.delete("/registered-models/alias")
def delete_registered_model_alias(body: AliasBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    labels.delete_alias(db, actor, model, body.alias)
    return {}


@router.get("/registered-models/alias")
def get_model_version_by_alias(name: str, alias: str, db: Db, actor: Reader) -> Answer:
    model = service.model_named(db, actor, name)
    return _version_answer(db, model, labels.version_by_alias(db, model, alias))


@router.post("/model-versions/create")
def create_model_version(body: CreateVersionBody, db: Db, actor: Creator, blobs: Blobs) -> Answer:
    if not body.source:
        raise NameRefused(http.parameter_missing("source"))
    wanted = versions.Registration(
        source=body.source,
        run_id=body.run_id or None,
        run_link=body.run_link or None,
        logged_model_id=body.model_id or None,
        description=body.description or "",
        tags={tag.key: tag.value for tag in body.tags},
    )
    model, version = versions.register(db, actor, blobs, body.name, wanted)
    return _version_answer(db, model, version)


@router.get("/model-versions/get")
def get_model_version(
    name: str, version: Annotated[int, Query(ge=0, le=2**31 - 1)], db: Db, actor: Reader
) -> Answer:
    model = service.model_named(db, actor, name)
    return _version_answer(db, model, versions.find(db, model, version))


@router.patch("/model-versions/update")
def update_model_version(body: UpdateVersionBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    version = versions.find(db, model, body.version)
    versions.describe(db, actor, model, version, body.description or "")
    return _version_answer(db, model, version)


@router.delete("/model-versions/delete")
def delete_model_version(body: VersionBody, db: Db, actor: Writer, served: Served) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    versions.remove(db, actor, model, versions.find(db, model, body.version), served)
    return {}


@router.post("/model-versions/transition-stage")
def transition_model_version_stage(body: StageBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    version = versions.find(db, model, body.version)
    archive = body.archive_existing_versions
    versions.move_to_stage(db, actor, model, version, body.stage, archive_existing=archive)
    return _version_answer(db, model, version)


@router.get("/model-versions/get-download-uri")
def get_download_uri(
    name: str, version: Annotated[int, Query(ge=0, le=2**31 - 1)], db: Db, actor: Reader
) -> Answer:
    model = service.model_named(db, actor, name)
    return {"artifact_uri": versions.download_uri(versions.find(db, model, version))}


@router.get("/model-versions/search")
def search_model_versions(
    db: Db,
    actor: Reader,
    codec: Codec,
    filter: str = "",  # noqa: A002 - MLflow's name
    max_results: Annotated[int, Query(ge=1, le=200_000)] = MAX_VERSIONS,
    order_by: OrderBy = None,
    page_token: str = "",
) -> Answer:
    scope = f"{actor.workspace_id}/mlflow-versions/{filter}/{order_by}"
    offset, limit = _offset(codec, scope, page_token), min(max_results, MAX_VERSIONS)
    found = search.versions(db, filter, order_by or [], offset=offset, limit=limit)
    page = found[:limit]
    of_versions = search.labels_of_versions(db, [version.id for version, _ in page])
    rows = [version_json(model, version, of_versions) for version, model in page]
    return _page("model_versions", rows, codec, scope, offset, more=len(found) > limit)


@router.post("/model-versions/set-tag")
def set_model_version_tag(body: VersionTagBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    version = versions.find(db, model, body.version)
    labels.tag_version(db, actor, model, version, body.key, body.value)
    return {}


@router.delete("/model-versions/delete-tag")
def delete_model_version_tag(body: VersionKeyBody, db: Db, actor: Writer) -> Answer:
    model = service.model_named(db, actor, body.name, lock=True)
    labels.untag_version(db, actor, model, versions.find(db, model, body.version), body.key)
    return {}


def _offset(codec: http.Cursors, scope: str, token: str) -> int:
    if not token:
        return 0
    position = codec.open(scope, token)[0]
    if not isinstance(position, int):
        raise Invalid("The page token is not one of ours.")
    return position


def _page(
    key: str, rows: list[Answer], codec: http.Cursors, scope: str, offset: int, *, more: bool
) -> Answer:
    answer: Answer = {key: rows} if rows else {}
    if more:
        answer["next_page_token"] = codec.seal(scope, [offset + len(rows)])
    return answer
