"""Registered models and the lookups other capabilities use."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from modelyard_server.artifacts import service as artifacts
from modelyard_server.kernel import jobs, tenancy, trail
from modelyard_server.kernel.clock import utcnow

from . import binned, naming, obstacles, protected, webhooks
from .errors import ModelMissing, NameTaken, StillServed, VersionMissing
from .models import Alias, Model, ModelTag, ModelVersion, VersionStatus
from .ports import NothingServed, ServedVersions

PROMPT_TAG = "mlflow.prompt.is_prompt"


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version as other capabilities see it."""

    id: uuid.UUID
    model_id: uuid.UUID
    model_name: str
    version: int
    status: str
    status_message: str | None
    run_id: str | None
    source: str
    digest: str | None
    size_bytes: int | None
    framework: str | None
    flavors: list[str]
    signature: dict[str, Any]
    """`modelyard_protocol.package.Signature` as JSON."""
    input_example: Any | None
    requirements: list[str]
    python_version: str | None
    reference_prediction: list[Any] | None
    reference_source: str | None
    is_sample: bool
    obstacle: str | None = None
    """Why it must not be served, in one sentence; `None` when it may, as far as is known."""

    @property
    def is_ready(self) -> bool:
        """Its files are complete."""
        return self.status == VersionStatus.ready


def get_model(
    db: Session,
    actor: trail.Who,  # noqa: ARG001
    model_id: uuid.UUID,
    *,
    lock: bool = False,
) -> Model:
    """Give a model of the actor's workspace; `lock` holds it against other changes.

    Raises:
        ModelMissing: there is none with this id.
    """
    query = select(Model).where(Model.id == model_id)
    model = db.scalar(query.with_for_update() if lock else query)
    if model is None:
        raise ModelMissing("There is no such model.")
    return model


def find_model(db: Session, actor: trail.Who, name: str) -> Model | None:  # noqa: ARG001
    """Give the model with this name, or `None`."""
    return db.scalar(select(Model).where(Model.name == name))


def model_named(db: Session, actor: trail.Who, name: str, *, lock: bool = False) -> Model:  # noqa: ARG001
    """Give the model with this name; `lock` holds it against other registrations.

    Raises:
        ModelMissing: there is none with this name.
    """
    query = select(Model).where(Model.name == name)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    model = db.scalar(query)
    if model is None:
        raise ModelMissing(f"Registered Model with name={name} not found")
    return model


def create_model(
    db: Session,
    actor: trail.Who,
    name: str,
    *,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> Model:
    """Register a name.

    Raises:
        NameRefused: a model cannot have this name.
        NameTaken: another model has it.
    """
    naming.model_name(name)
    kept = dict(naming.tag(key, value) for key, value in (tags or {}).items())
    is_prompt = kept.get(PROMPT_TAG, "").lower() == "true"
    older = find_model(db, actor, name)
    taken = _taken(name, is_prompt=is_prompt, by_prompt=older.is_prompt if older else is_prompt)
    if older is not None:
        raise taken
    now = utcnow()
    model = Model(
        id=uuid.uuid4(),
        name=name,
        description=description,
        is_prompt=is_prompt,
        created_at=now,
        updated_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    try:
        with db.begin_nested():  # somebody else may register the name at the same moment
            db.add(model)
    except IntegrityError:
        raise taken from None
    db.add_all(ModelTag(model_id=model.id, key=key, value=value) for key, value in kept.items())
    record(db, actor, "registry.create_model", model, after={"description": description, **kept})
    entity = "prompt" if model.is_prompt else "registered_model"
    told = {"name": name, "tags": webhooks.told_tags(kept), "description": description or None}
    webhooks.announce(db, f"{entity}.created", told)
    return model


def _taken(name: str, *, is_prompt: bool, by_prompt: bool) -> NameTaken:
    """Say by what a name is taken."""
    if is_prompt == by_prompt:
        kind = "Prompt" if is_prompt else "Registered Model"
        return NameTaken(f"{kind} (name={name}) already exists.")
    new, old = ("prompt", "registered model") if is_prompt else ("registered model", "prompt")
    return NameTaken(
        f"Tried to create a {new} with name '{name}', but the name is already taken by a {old}. "
        "Models and prompts share their names."
    )


def rename_model(db: Session, actor: trail.Who, name: str, new_name: str) -> Model:
    """Give a model another name; versions and aliases go with it.

    Raises:
        ModelMissing: there is none with this name.
        NameRefused: a model cannot have the new name.
        NameTaken: another model has it.
    """
    model = model_named(db, actor, name, lock=True)
    naming.model_name(new_name)
    if new_name == name:
        return model
    taken = NameTaken(f"Registered Model (name={new_name}) already exists.")
    if find_model(db, actor, new_name) is not None:
        raise taken
    try:
        with db.begin_nested():
            model.name = new_name
            model.updated_at = utcnow()
    except IntegrityError:
        raise taken from None
    record(
        db, actor, "registry.rename_model", model, before={"name": name}, after={"name": new_name}
    )
    return model


def describe_model(db: Session, actor: trail.Who, model: Model, description: str) -> Model:
    """Replace a model's description."""
    before = model.description
    model.description = description
    model.updated_at = utcnow()
    record(
        db,
        actor,
        "registry.update_model",
        model,
        before={"description": before},
        after={"description": description},
    )
    return model


def mark_as_sample(db: Session, actor: trail.Who, model_id: uuid.UUID) -> None:
    """Say that the model belongs to the sample project."""
    model = get_model(db, actor, model_id)
    model.is_sample = True
    record(db, actor, "registry.update_model", model, after={"is_sample": True})


def delete_model(
    db: Session,
    actor: trail.Who,
    model_id: uuid.UUID,
    served: ServedVersions | None = None,
) -> None:
    """Put a model with its versions into the bin; a sample goes for ever.

    What a run logged stays with the run.

    Raises:
        ModelMissing: there is none with this id.
        StillServed: deployments serve one of its versions.
        AliasProtected: it has a protected alias, and the actor may not move that one.
    """
    model = get_model(db, actor, model_id)
    held = select(Alias.alias).where(Alias.model_id == model.id)
    protected.refuse_unless_allowed(db, actor, db.scalars(held).all())
    names = (served or NothingServed()).deployments_of_model(db, model.id)
    if names:
        raise StillServed(
            f"{model.name} is served by {', '.join(names)}. Stop and delete that first.", names
        )
    record(db, actor, "registry.delete_model", model, before={"versions": model.last_number})
    rows = db.scalars(select(ModelVersion).where(ModelVersion.model_id == model.id)).all()
    if model.is_sample:
        forget_files(db, rows)
    else:
        binned.put_model(db, actor, model)
        db.flush()
    for version in rows:
        db.expunge(version)
    db.execute(delete(Model).where(Model.id == model.id))
    db.expunge(model)


def get_version(
    db: Session,
    actor: trail.Who,
    model_id: uuid.UUID,
    version: int | None = None,
) -> RegisteredVersion:
    """Give one version of a model; the newest that is ready when no number is given.

    Raises:
        ModelMissing: there is no such model.
        VersionMissing: it has no such version, or none that is ready.
    """
    model = get_model(db, actor, model_id)
    query = (
        select(ModelVersion)
        .options(undefer(ModelVersion.input_example), undefer(ModelVersion.reference_prediction))
        .where(ModelVersion.model_id == model_id)
    )
    if version is None:
        query = query.where(ModelVersion.status == VersionStatus.ready)
        query = query.order_by(ModelVersion.number.desc()).limit(1)
    else:
        query = query.where(ModelVersion.number == version)
    row = db.scalar(query)
    if row is None:
        wanted = "a version that is ready" if version is None else f"version {version}"
        raise VersionMissing(f"{model.name} has no {wanted.removeprefix('a ')}.")
    return RegisteredVersion(
        id=row.id,
        model_id=model.id,
        model_name=model.name,
        version=row.number,
        status=row.status,
        status_message=row.status_message,
        run_id=row.run_id,
        source=row.source,
        digest=row.digest,
        size_bytes=row.size_bytes,
        framework=row.framework,
        flavors=row.flavors,
        signature=row.signature,
        input_example=row.input_example,
        requirements=row.requirements,
        python_version=row.python_version,
        reference_prediction=row.reference_prediction,
        reference_source=row.reference_source,
        is_sample=model.is_sample,
        obstacle=obstacles.obstacle(obstacles.of(db, [row.digest]).get(row.digest or "")),
    )


def file_names(
    db: Session,
    actor: trail.Who,  # noqa: ARG001
    version: RegisteredVersion,
) -> list[str]:
    """Name the files of a version."""
    row = db.scalar(select(ModelVersion).where(ModelVersion.id == version.id))
    if row is None:
        return []
    return [file.path for file in artifacts.files_below(db, row.prefix)]


def model_count(db: Session) -> int:
    """Count the registered models; prompts are none."""
    return db.scalar(select(func.count(Model.id)).where(~Model.is_prompt)) or 0


def forget_files(db: Session, rows: Iterable[ModelVersion]) -> None:
    """Let go of versions' files, in the store now and on this machine after the commit."""
    digests: set[str] = set()
    for version in rows:
        artifacts.delete_below(db, version.prefix)
        digests |= {version.digest} if version.digest else set()
    if digests:
        workspace_id = tenancy.workspace_of(db)
        payload = {"digests": sorted(digests)}
        jobs.enqueue(db, "registry.forget_files", payload, workspace_id=workspace_id)


def is_registered(db: Session, digest: str) -> bool:
    """Tell whether a version of the workspace has this content."""
    return db.scalar(select(ModelVersion.id).where(ModelVersion.digest == digest)) is not None


def names_of_models(db: Session, model_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Give the names of many models in one query."""
    wanted = list(model_ids)
    rows = db.execute(select(Model.id, Model.name).where(Model.id.in_(wanted))).all()
    return {row.id: row.name for row in rows}


def owners_of_models(db: Session, model_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Give who answers for each of many models, in one query: its owner, else its maker."""
    wanted = list(model_ids)
    rows = db.execute(
        select(Model.id, Model.owner_name, Model.created_by_name).where(Model.id.in_(wanted))
    ).all()
    return {row.id: row.owner_name or row.created_by_name for row in rows}


def record(
    db: Session,
    actor: trail.Who,
    action: str,
    model: Model,
    *,
    version: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one fact about a model, or about one of its versions, into the trail."""
    trail.record(
        db,
        actor,
        action,
        object_type="model" if version is None else "model_version",
        object_id=model.id if version is None else f"{model.id}/{version}",
        object_name=model.name if version is None else f"{model.name} v{version}",
        before=before,
        after=after,
    )
