"""Puts a version into a bundle: its files, and what is known about it here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from modelyard_protocol import bundle
from modelyard_protocol.bundle import Manifest, Member, Seal
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail
from modelyard_server.settings import Settings

from . import obstacles, requirements, sandboxed, tracing
from .environments import Environments
from .errors import RequirementsUnresolvable, VersionNotDeployable, VersionNotReady
from .models import Model, ModelTag, ModelVersion, ScanVerdict, VersionStatus, VersionTag
from .ports import ServedVersions
from .scanning import Verdict
from .service import record

_MOST_CONSTRAINT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Export:
    """A version, ready to be written; needs no session any more."""

    name: str
    manifest: Manifest
    documents: dict[str, bytes]
    digests: dict[str, str]
    """Content of the model's files, by their path in the bundle."""

    def pieces(self, blobs: BlobStore, workspace_id: int, seal: Seal | None) -> Iterator[bytes]:
        """Write the bundle piece by piece."""
        files: dict[str, Callable[[], BinaryIO]] = {
            path: partial(blobs.open, workspace_id, sha256) for path, sha256 in self.digests.items()
        }
        return bundle.written(self.manifest, seal, self.documents, files)


@dataclass(frozen=True, slots=True)
class Exporter:
    """Gathers what a bundle holds."""

    blobs: BlobStore
    settings: Settings
    served: ServedVersions

    def export(
        self, db: Session, actor: trail.Who, model: Model, number: int, *, is_signed: bool
    ) -> Export:
        """Gather a version; leaves an entry in the trail.

        Raises:
            VersionNotReady: it has no files.
            VersionNotDeployable: the scan forbids that it is used.
        """
        version = db.scalars(
            select(ModelVersion)
            .options(undefer(ModelVersion.reference_prediction))
            .where(ModelVersion.model_id == model.id, ModelVersion.number == number)
        ).one()
        if version.status != VersionStatus.ready or version.digest is None:
            raise VersionNotReady(f"{model.name} v{number} has no files to export.")
        _refuse_forbidden(model, version, obstacles.of(db, [version.digest]).get(version.digest))
        documents = self._documents(db, actor, model, version)
        stored = artifacts.files_below(db, version.prefix)
        members = [Member(bundle.FILES + f.path, f.size_bytes, f.sha256) for f in stored]
        manifest = Manifest(
            model.name, number, version.digest, bundle.joined_documents(documents, members)
        )
        facts = {"digest": version.digest, "is_signed": is_signed, "files": len(members)}
        record(db, actor, "registry.export_version", model, version=number, after=facts)
        name = f"{model.name}-v{number}.modelyard.zip"
        return Export(name, manifest, documents, {m.path: m.sha256 for m in members})

    def _documents(
        self, db: Session, actor: trail.Who, model: Model, version: ModelVersion
    ) -> dict[str, bytes]:
        lineage = tracing.trace(db, actor, model, version, self.served)
        documents = {
            bundle.MODEL: bundle.as_bytes(_facts(db, model, version)),
            bundle.INTERFACE: bundle.as_bytes(version.signature),
            bundle.LINEAGE: bundle.as_bytes(lineage.model_dump(mode="json")),
        }
        if model.card:
            documents[bundle.CARD] = model.card.encode()
        lock = self._lock(db, version)
        if lock is not None:
            documents[bundle.LOCK] = lock.encode()
        return documents

    def _lock(self, db: Session, version: ModelVersion) -> str | None:
        """Give the lock the version's checks ran with, once there is one."""
        present = {file.path for file in artifacts.files_below(db, version.prefix)}

        def constraints(path: str) -> list[str]:
            if path not in present:
                return []
            raw = artifacts.read_bytes(
                db, self.blobs, version.prefix + path, limit=_MOST_CONSTRAINT_BYTES
            )
            return raw.decode(errors="replace").splitlines()

        runtime = (sandboxed.runtime_package() / "requirements.txt").read_text().splitlines()
        try:
            wanted = requirements.read(version.requirements, runtime, read_constraints=constraints)
        except RequirementsUnresolvable:
            return None
        return Environments(self.settings.data_dir / "environments").known_lock(wanted)


def _facts(db: Session, model: Model, version: ModelVersion) -> dict[str, Any]:
    model_tags = db.scalars(select(ModelTag).where(ModelTag.model_id == model.id))
    version_tags = db.scalars(select(VersionTag).where(VersionTag.version_id == version.id))
    return {
        "name": model.name,
        "description": model.description,
        "licence": model.licence,
        "task": model.task,
        "tags": {tag.key: tag.value for tag in model_tags},
        "version": {
            "number": version.number,
            "description": version.description,
            "tags": {tag.key: tag.value for tag in version_tags},
            "framework": version.framework,
            "flavors": version.flavors,
            "requirements": version.requirements,
            "python_version": version.python_version,
            "run_id": version.run_id,
            "digest": version.digest,
            "created_at": version.created_at.isoformat(),
            "created_by": version.created_by_name,
            "reference_prediction": version.reference_prediction,
        },
    }


def _refuse_forbidden(model: Model, version: ModelVersion, verdict: ScanVerdict | None) -> None:
    is_bad = verdict is not None and verdict.verdict != Verdict.clean
    if is_bad and obstacles.obstacle(verdict) is not None:
        raise VersionNotDeployable(
            f"{model.name} v{version.number} cannot be exported. {obstacles.obstacle(verdict)}"
        )
