"""What a workspace keeps, and removal of what nothing holds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ._errors import ModelyardError
from ._transport import Transport

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Share:
    """What one kind of thing keeps, each file counted by itself."""

    kind: str
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a workspace keeps."""

    used_bytes: int
    stored_bytes: int
    """Each content counted once, however many files have it."""
    garbage: int
    garbage_bytes: int
    """What the last look found that nothing holds."""
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a look through the store found, and what it removed."""

    is_dry_run: bool
    due: int
    due_bytes: int
    waiting: int
    waiting_bytes: int
    """Nothing holds it, but its grace is not over."""
    removed: int
    removed_bytes: int
    expired: tuple[dict[str, Any], ...]
    """Deleted runs, models and versions whose time in the bin is over."""
    items: tuple[dict[str, Any], ...]
    """The largest contents that nothing holds."""


class Storage:
    """Measures and tidies up the store of the workspace."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def usage(self) -> Usage:
        """Measure what the workspace keeps."""
        told = self._transport.get("/api/v1/storage")
        return Usage(
            used_bytes=told["used_bytes"],
            stored_bytes=told["stored_bytes"],
            garbage=told["garbage"],
            garbage_bytes=told["garbage_bytes"],
            shares=tuple(Share(**share) for share in told["shares"]),
        )

    def collect(self, *, dry_run: bool = False, timeout_seconds: float = 3600) -> Collected:
        """Look through the store for what nothing holds, and wait for the end.

        Args:
            dry_run: Only tell what would go.
            timeout_seconds: How long to wait; the collection goes on after that.

        Raises:
            ModelyardError: it failed, or takes longer.
        """
        row = self._transport.post("/api/v1/storage/collections", {"dry_run": dry_run})
        deadline = time.monotonic() + timeout_seconds
        while row["state"] in {"waiting", "running"}:
            if time.monotonic() > deadline:
                raise ModelyardError("The collection takes longer; look at it in Settings.")
            time.sleep(_LOOK_SECONDS)
            row = self._transport.get(f"/api/v1/storage/collections/{row['id']}")
        if row["state"] == "failed":
            raise ModelyardError(f"The collection failed: {row['error']}")
        report = row["report"]
        return Collected(
            is_dry_run=row["is_dry_run"],
            due=report["due"]["count"],
            due_bytes=report["due"]["size_bytes"],
            waiting=report["waiting"]["count"],
            waiting_bytes=report["waiting"]["size_bytes"],
            removed=row["removed_count"],
            removed_bytes=row["removed_bytes"],
            expired=tuple(report["expired"]),
            items=tuple(report["items"]),
        )
