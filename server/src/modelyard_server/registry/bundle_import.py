"""Takes a version out of a bundle: verified whole first, then stored, then visible at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol import bundle
from modelyard_protocol.bundle import Bundle, BundleRefused
from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.errors import PathRefused
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.artifacts.service import StoredFile
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow

from . import cards, naming, versions
from .bundle_keys import verifies
from .errors import (
    AlreadyImported,
    BundleInvalid,
    BundleNotTrusted,
    NoOrigin,
    PackageUnreadable,
)
from .models import Model, ModelVersion, VersionStatus
from .reading import content_digest, storable
from .service import PROMPT_TAG, create_model, find_model, record

SOURCE = "bundle:"
_NOT_TRUSTED = frozenset({"signature_wrong", "not_signed", "signed_by_another"})


class VersionFacts(BaseModel):
    """What a bundle tells about its version and files do not."""

    number: int = Field(ge=1, le=2**31 - 1)
    description: str = Field("", max_length=100_000)
    tags: dict[str, str] = {}
    created_at: str = Field("", max_length=40)
    created_by: str = Field("", max_length=320)
    run_id: str | None = Field(None, max_length=64)
    reference_prediction: list[Any] | None = None


class ModelFacts(BaseModel):
    """What a bundle tells about its model."""

    name: str = Field(max_length=naming.MAX_NAME)
    description: str = Field("", max_length=100_000)
    licence: str = Field("", max_length=100)
    task: str = Field("", max_length=60)
    tags: dict[str, str] = {}
    version: VersionFacts


@dataclass(frozen=True, slots=True)
class Arrived:
    """A bundle that was verified, with its files stored; nothing shows them yet."""

    facts: ModelFacts
    card: str
    manifest_sha256: str
    signed_by: str | None
    digest: str
    lineage: dict[str, Any]
    lock: str | None
    files: list[StoredFile] = field(default_factory=list)


def received(stream: BinaryIO, blobs: BlobStore, workspace_id: int, *, key: str | None) -> Arrived:
    """Verify a bundle to its last byte, then store its files; outside of any transaction.

    Raises:
        BundleInvalid: it is no bundle, or not what was exported.
        BundleNotTrusted: its signature is wrong, or not of the key that is asked for.
    """
    try:
        opened = bundle.opened(stream)
        bundle.refuse_unless_signed(opened, key, verifies)
        _refuse_paths(opened)
        opened.verify_content()
        arrived = _read(opened)
        _refuse_other_content(opened, arrived)
        _store(opened, arrived, blobs, workspace_id)
    except BundleRefused as refused:
        raise _readable(refused) from refused
    return arrived


def forget(db: Session, blobs: BlobStore, arrived: Arrived) -> None:
    """Remove the stored files of a bundle that was refused after all."""
    for sha256 in sorted({file.sha256 for file in arrived.files}):
        artifacts.remove_if_unused(db, blobs, sha256)


def register(
    db: Session, actor: trail.Who, blobs: BlobStore, arrived: Arrived, name: str | None
) -> tuple[Model, ModelVersion]:
    """Make the version visible: as the next one of the model, which is made if it is not there.

    Raises:
        AlreadyImported: the model has a version of this very bundle.
        NameRefused: a model cannot have this name.
        PackageUnreadable: the files are no model that can be read.
    """
    facts = arrived.facts
    wanted = naming.model_name(name or facts.name)
    model = find_model(db, actor, wanted)
    source = f"{SOURCE}{arrived.manifest_sha256}"
    if model is None:
        model = _new_model(db, actor, wanted, arrived)
    else:
        _refuse_again(db, model, source)
    registration = versions.Registration(
        source=source,
        description=facts.version.description,
        tags=_without_prompt(facts.version.tags),
        files=arrived.files,
    )
    model, version = versions.register(db, actor, blobs, wanted, registration)
    if version.status != VersionStatus.ready:
        raise PackageUnreadable(version.status_message or "The files are no model.")
    if version.reference_source is None and facts.version.reference_prediction is not None:
        version.reference_prediction = storable(facts.version.reference_prediction)
        version.reference_source = "bundle"
    version.origin = _origin(actor, arrived)
    db.flush()
    after = {
        key: version.origin[key] for key in ("name", "version", "signed_by", "manifest_sha256")
    }
    record(db, actor, "registry.import_version", model, version=version.number, after=after)
    return model, version


def origin_of(db: Session, version: ModelVersion) -> dict[str, Any]:
    """Give what the bundle of a version told.

    Raises:
        NoOrigin: the version was registered here.
    """
    found = db.scalar(select(ModelVersion.origin).where(ModelVersion.id == version.id))
    if found is None:
        raise NoOrigin("The version was registered here; it came in no bundle.")
    return dict(found)


def _origin(actor: trail.Who, arrived: Arrived) -> dict[str, Any]:
    made = arrived.facts.version
    return {
        "name": arrived.facts.name,
        "version": made.number,
        "created_at": made.created_at,
        "created_by": made.created_by,
        "run_id": made.run_id,
        "signed_by": arrived.signed_by,
        "manifest_sha256": arrived.manifest_sha256,
        "imported_at": utcnow().isoformat(),
        "imported_by": actor.name,
        "lineage": arrived.lineage,
        "environment_lock": arrived.lock,
    }


def _new_model(db: Session, actor: trail.Who, name: str, arrived: Arrived) -> Model:
    facts = arrived.facts
    model = create_model(
        db, actor, name, description=facts.description, tags=_without_prompt(facts.tags)
    )
    model.licence, model.task = facts.licence, facts.task
    if arrived.card:
        cards.write_card(db, actor, model, arrived.card)
    return model


def _without_prompt(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key != PROMPT_TAG}


def _refuse_again(db: Session, model: Model, source: str) -> None:
    there = db.scalar(
        select(ModelVersion.number).where(
            ModelVersion.model_id == model.id, ModelVersion.source == source
        )
    )
    if there is not None:
        raise AlreadyImported(
            f"{model.name} v{there} came in this bundle.", extra={"version": there}
        )


def _refuse_paths(opened: Bundle) -> None:
    for member in opened.files:
        try:
            paths.checked(member.path.removeprefix(bundle.FILES))
        except PathRefused as refused:
            raise BundleRefused("path_refused", f"{member.path}: {refused.detail}") from refused


def _read(opened: Bundle) -> Arrived:
    try:
        told = bundle.json_of(_document(opened, bundle.MODEL), bundle.MODEL)
        facts = ModelFacts.model_validate(told)
        lineage = bundle.json_of(_document(opened, bundle.LINEAGE), bundle.LINEAGE)
        card = (opened.document(bundle.CARD) or b"").decode()
        lock = opened.document(bundle.LOCK)
        made = Arrived(
            facts=facts,
            card=card,
            manifest_sha256=opened.manifest_sha256,
            signed_by=opened.seal.key if opened.seal is not None else None,
            digest=opened.manifest.digest,
            lineage=lineage,
            lock=lock.decode() if lock is not None else None,
        )
    except (ValidationError, UnicodeDecodeError) as error:
        raise BundleRefused("damaged", f"A document cannot be read: {error}") from error
    told_texts: Sequence[Any] = [told, lineage, card, made.lock]
    if storable(list(told_texts)) is None or "\0" in f"{card}{made.lock}":
        raise BundleRefused("damaged", "A document has characters that cannot be stored.")
    return made


def _document(opened: Bundle, path: str) -> bytes:
    return opened.document(path) or b""


def _refuse_other_content(opened: Bundle, arrived: Arrived) -> None:
    files = [
        StoredFile(m.path.removeprefix(bundle.FILES), m.size_bytes, m.sha256) for m in opened.files
    ]
    if content_digest(sorted(files, key=lambda file: file.path)) != arrived.digest:
        raise BundleRefused("damaged", "The files are not those that the manifest's digest names.")


def _store(opened: Bundle, arrived: Arrived, blobs: BlobStore, workspace_id: int) -> None:
    for member in opened.files:
        blob = blobs.receive(workspace_id, opened.chunks(member))
        path = member.path.removeprefix(bundle.FILES)
        arrived.files.append(StoredFile(path, blob.size_bytes, blob.sha256))


def _readable(refused: BundleRefused) -> BundleInvalid | BundleNotTrusted:
    kind = BundleNotTrusted if refused.code in _NOT_TRUSTED else BundleInvalid
    return kind(refused.says, extra={"reason": refused.code})
