"""MLflow's JSON for the registry: unset fields are absent, numbers may come as strings."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from .models import Model, ModelVersion
from .search import Labels

Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Tag(_Body):
    key: str
    value: str = ""


class NameBody(_Body):
    name: str


class CreateModelBody(NameBody):
    description: str | None = None
    tags: list[Tag] = Field(default_factory=list)


class RenameBody(NameBody):
    new_name: str


class UpdateModelBody(NameBody):
    description: str | None = None


class KeyBody(NameBody):
    key: str


class ModelTagBody(KeyBody):
    value: str = ""


class AliasBody(NameBody):
    alias: str


class SetAliasBody(AliasBody):
    version: Number


class LatestBody(NameBody):
    stages: list[str] = Field(default_factory=list)


class CreateVersionBody(NameBody):
    source: str
    run_id: str | None = None
    run_link: str | None = None
    description: str | None = None
    model_id: str | None = None
    tags: list[Tag] = Field(default_factory=list)


class VersionBody(NameBody):
    version: Number


class UpdateVersionBody(VersionBody):
    description: str | None = None


class StageBody(VersionBody):
    stage: str
    archive_existing_versions: bool = False


class VersionKeyBody(VersionBody):
    key: str


class VersionTagBody(VersionKeyBody):
    value: str = ""


def milliseconds(at: dt.datetime) -> int:
    """Give an instant as MLflow writes it."""
    return int(at.timestamp() * 1000)


def model_json(
    model: Model, labels: Labels, latest: list[ModelVersion], latest_labels: Labels
) -> dict[str, Any]:
    """Write a registered model with its latest version per stage."""
    return _without_unset(
        name=model.name,
        creation_timestamp=milliseconds(model.created_at),
        last_updated_timestamp=milliseconds(model.updated_at),
        user_id=model.created_by_name,
        description=model.description,
        latest_versions=[version_json(model, version, latest_labels) for version in latest],
        tags=_pairs(labels.tags.get(model.id, {})),
        aliases=[
            {"alias": alias, "version": str(number)}
            for alias, number in labels.aliases.get(model.id, {}).items()
        ],
    )


def version_json(model: Model, version: ModelVersion, labels: Labels) -> dict[str, Any]:
    """Write a model version. The client tells an empty description from none."""
    shown = _without_unset(
        name=model.name,
        version=str(version.number),
        creation_timestamp=milliseconds(version.created_at),
        last_updated_timestamp=milliseconds(version.updated_at),
        user_id=version.created_by_name,
        current_stage=version.stage,
        source=version.source,
        run_id=version.run_id,
        status=version.status,
        status_message=version.status_message,
        run_link=version.run_link,
        model_id=version.logged_model_id,
        tags=_pairs(labels.tags.get(version.id, {})),
        aliases=labels.of_version.get(version.id, []),
    )
    return shown | {"description": version.description or ""}


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _without_unset(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "", [])}
