"""Stores of artifact bytes: folders of this machine, or an S3-compatible service."""

from __future__ import annotations

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings

from .filesystem import FilesystemBlobs


def provide(services: Services) -> None:
    """Register the store that the settings choose."""
    settings = services.get(Settings)
    folder = settings.data_dir / "artifacts"
    if settings.artifact_store.startswith("s3://"):
        from .s3 import S3Blobs, store_of

        services.provide(BlobStore, S3Blobs(store_of(settings), spool=folder))  # type: ignore[type-abstract]
        return
    if settings.artifact_store:
        raise ValueError("MODELYARD_ARTIFACT_STORE is empty or starts with s3://")
    services.provide(BlobStore, FilesystemBlobs(folder, syncs=settings.artifact_sync))  # type: ignore[type-abstract]
