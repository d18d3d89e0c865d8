"""Registering and changing versions."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore, StoredBlob
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel import jobs, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.tenancy import workspace_of
from modelyard_server.tracking import service as tracking
from modelyard_server.tracking.service import ModelSource

from . import binned, labels, naming, protected, webhooks
from .errors import NameRefused, PackageUnreadable, RunMismatch, StillServed, VersionMissing
from .models import Alias, Check, CheckName, Model, ModelVersion, VersionStatus, VersionTag
from .ports import NothingServed, ServedVersions
from .reading import (
    LANGUAGE_FLAVOR,
    content_digest,
    has_language_model,
    read_facts,
    storable,
)
from .service import PROMPT_TAG, forget_files, model_named, record

_REGISTERED = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<number>\d{1,9})|@(?P<alias>[\w\-]+))")
STAGES = {name.lower(): name for name in ("None", "Staging", "Production", "Archived")}
ACTIVE_STAGES = ("Staging", "Production")


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client says about a new version."""

    source: str
    run_id: str | None = None
    run_link: str | None = None
    logged_model_id: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None
    """Of a version that is imported; otherwise the next one."""
    files: Sequence[StoredFile] = ()
    """Content that is stored already, of a version that came in a bundle."""


def register(
    db: Session, actor: trail.Who, blobs: BlobStore, name: str, wanted: Registration
) -> tuple[Model, ModelVersion]:
    """Add a version to a model. It is `READY`, or failed with the reason why it cannot be used.

    The number is taken under the model's row lock, inside the caller's transaction: parallel
    registrations queue, and one that is rolled back leaves no gap.

    Raises:
        ModelMissing: no model has this name.
        ModelSourceMissing: there is nothing at the source.
        NameRefused: a tag cannot be stored.
        RunMismatch: the source is of another run than the one that is named.
    """
    tags = dict(naming.tag(key, value) for key, value in wanted.tags.items())
    model_named(db, actor, name)
    now = utcnow()
    version = ModelVersion(
        id=uuid.uuid4(),
        description=wanted.description,
        stage="None",
        status=VersionStatus.ready,
        source=wanted.source,
        run_id=wanted.run_id,
        run_link=wanted.run_link,
        logged_model_id=wanted.logged_model_id,
        flavors=[],
        signature={},
        requirements=[],
        created_at=now,
        updated_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
    )
    is_prompt = tags.get(PROMPT_TAG, "").lower() == "true"
    if not is_prompt:
        _fill_from_source(db, blobs, version, wanted.files)
    model = model_named(db, actor, name, lock=True)
    number = wanted.number or model.last_number + 1
    model.last_number = max(model.last_number, number)
    model.updated_at = now
    version.model_id, version.number = model.id, number
    db.add(version)
    db.flush()
    db.add_all(VersionTag(version_id=version.id, key=k, value=v) for k, v in tags.items())
    if version.status == VersionStatus.ready and not is_prompt:
        _ask_for_checks(db, version)
    facts = {
        "source": version.source,
        "run_id": version.run_id,
        "digest": version.digest,
        "status": version.status,
        "status_message": version.status_message,
    }
    record(db, actor, "registry.create_version", model, version=version.number, after=facts)
    _announce(db, model, version, tags)
    return model, version


def _announce(db: Session, model: Model, version: ModelVersion, tags: Mapping[str, str]) -> None:
    told = {
        "name": model.name,
        "version": str(version.number),
        "tags": webhooks.told_tags(tags),
        "description": version.description or None,
    }
    if model.is_prompt:
        told["template"] = tags.get(webhooks.TEMPLATE_TAG)
        webhooks.announce(db, "prompt_version.created", told)
        return
    told |= {"source": version.source, "run_id": version.run_id}
    webhooks.announce(db, "model_version.created", told)


def _fill_from_source(
    db: Session, blobs: BlobStore, version: ModelVersion, files: Sequence[StoredFile]
) -> None:
    if files:
        prefix = version.prefix
        _keep_files(db, blobs, version, files)
    else:
        found = _registered_source(db, version.source) or tracking.model_source(db, version.source)
        prefix = f"{found.prefix.rstrip('/')}/"
        if version.run_id and version.run_id != found.run_id:
            raise RunMismatch(
                f"Invalid model version source: {version.source[:200]!r} is not of run "
                f"{version.run_id[:64]}."
            )
        version.run_id = found.run_id
        version.logged_model_id = version.logged_model_id or found.logged_model_id
        files = artifacts.files_below(db, prefix)
    version.source_prefix = prefix
    version.size_bytes = sum(file.size_bytes for file in files)
    version.digest = content_digest(files) if files else None

    speaks = has_language_model(file.path for file in files)
    if files and all(file.path != "MLmodel" for file in files):
        if speaks:
            version.framework, version.flavors = LANGUAGE_FLAVOR, [LANGUAGE_FLAVOR]
        _keep_files(db, blobs, version, files)  # the scan tells what it is, and why none serves it
        return

    def read(path: str, limit: int) -> bytes:
        return artifacts.read_bytes(db, blobs, prefix + path, limit=limit)

    try:
        facts = read_facts(files, read)
    except PackageUnreadable as error:
        version.status = VersionStatus.failed
        version.status_message = error.detail
        return
    package = facts.package
    version.framework = package.engine
    version.flavors = [*package.flavors, *([LANGUAGE_FLAVOR] if speaks else [])]
    version.signature = package.signature.model_dump(mode="json")
    version.input_example = facts.input_example
    version.requirements = facts.requirements
    version.python_version = package.python_version
    version.reference_prediction = storable(package.example_prediction)
    version.reference_source = "package" if package.example_prediction is not None else None
    _keep_files(db, blobs, version, files)


def _registered_source(db: Session, source: str) -> ModelSource | None:
    """Find what `models:/name/3` or `models:/name@alias` names, as copying a version sends it.

    Raises:
        VersionMissing: the model has no such version.
    """
    match = _REGISTERED.fullmatch(source)
    model = db.scalar(select(Model).where(Model.name == match["name"])) if match else None
    if match is None or model is None:
        return None
    row = (
        labels.version_by_alias(db, model, match["alias"])
        if match["alias"]
        else find(db, model, int(match["number"]))
    )
    return ModelSource(row.prefix, row.run_id, row.logged_model_id)


def _keep_files(
    db: Session, blobs: BlobStore, version: ModelVersion, files: Sequence[StoredFile]
) -> None:
    """Hold the content under the version's own paths; nothing is copied.

    In the order of digests: two registrations that share content never wait for each other.
    """
    for file in sorted(files, key=lambda f: f.sha256):
        held = StoredBlob(file.sha256, file.size_bytes)
        artifacts.attach(db, blobs, version.prefix + file.path, held)


def _ask_for_checks(db: Session, version: ModelVersion) -> None:
    for name in CheckName:
        db.add(Check(version_id=version.id, name=name, status="pending", summary="Waiting."))
    jobs.enqueue(
        db,
        "registry.check_version",
        {"version_id": str(version.id)},
        workspace_id=workspace_of(db),
        dedupe_key=f"registry.check_version:{version.id}",
    )


def find(db: Session, model: Model, number: int, *, lock: bool = False) -> ModelVersion:
    """Give a version of a model by its number.

    Raises:
        VersionMissing: it has no such version.
    """
    query = select(ModelVersion).where(
        ModelVersion.model_id == model.id, ModelVersion.number == number
    )
    row = db.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise VersionMissing(f"Model Version (name={model.name}, version={number}) not found")
    return row


def describe(
    db: Session, actor: trail.Who, model: Model, version: ModelVersion, description: str
) -> None:
    """Replace a version's description; its model has not changed by that, as MLflow has it."""
    before = {"description": version.description}
    version.description = description
    version.updated_at = utcnow()
    facts = {"description": description}
    record(
        db,
        actor,
        "registry.update_version",
        model,
        version=version.number,
        before=before,
        after=facts,
    )


def known_stage(stage: str) -> str:
    """Give a stage in MLflow's spelling.

    Raises:
        NameRefused: there is no such stage.
    """
    known = STAGES.get(stage.lower())
    if known is None:
        raise NameRefused(
            f"Invalid Model Version stage: {stage}. Value must be one of {list(STAGES.values())}."
        )
    return known


def download_uri(version: ModelVersion) -> str:
    """Give the artifact address of a version's files; prompts have only their source."""
    if version.source_prefix is None:
        return version.source
    kept = version.prefix if version.status == VersionStatus.ready else version.source_prefix
    return f"mlflow-artifacts:/{kept.rstrip('/')}"


def move_to_stage(
    db: Session,
    actor: trail.Who,
    model: Model,
    version: ModelVersion,
    stage: str,
    *,
    archive_existing: bool = False,
) -> None:
    """Put a version into one of MLflow's stages, archiving what was there if asked.

    Raises:
        NameRefused: there is no such stage, or none whose versions can be archived.
    """
    known = known_stage(stage)
    if archive_existing and known not in ACTIVE_STAGES:
        raise NameRefused(
            "Model version transition cannot archive existing model versions "
            f"because '{stage}' is not an Active stage. Valid stages are {list(ACTIVE_STAGES)}"
        )
    now = utcnow()
    if archive_existing:
        others = (
            ModelVersion.model_id == model.id,
            ModelVersion.number != version.number,
            ModelVersion.stage == known,
        )
        db.execute(update(ModelVersion).where(*others).values(stage="Archived", updated_at=now))
    before = {"stage": version.stage}
    version.stage = known
    version.updated_at = model.updated_at = now
    after = {"stage": known, "archive_existing": archive_existing}
    record(
        db,
        actor,
        "registry.transition_stage",
        model,
        version=version.number,
        before=before,
        after=after,
    )


def remove(
    db: Session,
    actor: trail.Who,
    model: Model,
    version: ModelVersion,
    served: ServedVersions | None = None,
) -> None:
    """Put a version into the bin; its number is never given again.

    Raises:
        StillServed: deployments serve it.
        AliasProtected: a protected alias points at it, and the actor may not move that one.
    """
    held = select(Alias.alias).where(Alias.version_id == version.id)
    protected.refuse_unless_allowed(db, actor, db.scalars(held).all())
    names = (served or NothingServed()).deployments_of_version(db, model.id, version.number)
    if names:
        raise StillServed(
            f"{model.name} v{version.number} is served by {', '.join(names)}. "
            "Deploy another version there first.",
            names,
        )
    before = {"digest": version.digest, "source": version.source}
    record(db, actor, "registry.delete_version", model, version=version.number, before=before)
    model.updated_at = utcnow()
    if model.is_sample:
        forget_files(db, [version])
    else:
        binned.put_version(db, actor, model, version)
        db.flush()
    db.execute(delete(ModelVersion).where(ModelVersion.id == version.id))
    db.expunge(version)
