"""What artifacts provide to the capabilities below them."""

from __future__ import annotations

from modelyard_server.kernel.services import Services
from modelyard_server.workspaces.ports import WorkspaceFiles

from .ports import BlobStore


class Content:
    """Removes the content of a deleted workspace from the store."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def erase(self, workspace_id: int) -> None:
        """Remove all of it."""
        self._blobs.delete_workspace(workspace_id)


def provide(services: Services) -> None:
    """Register our ports' implementations."""
    blobs = services.get(BlobStore)  # type: ignore[type-abstract]
    services.add(WorkspaceFiles, Content(blobs))  # type: ignore[type-abstract]
