"""Batches: have a file of rows scored by a deployment, and fetch what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ._errors import ModelyardError
from ._transport import Transport

_PATH = "/api/v1/batches"
_OPEN = frozenset({"waiting", "running"})
Form = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A file that is, or was, scored; as it was when read."""

    id: str
    deployment_name: str
    file_name: str
    version: int | None
    status: str
    rows_done: int
    rows_failed: int
    progress: float
    error: str | None

    @property
    def is_open(self) -> bool:
        """It still goes on."""
        return self.status in _OPEN


class Batches:
    """Starts, watches and fetches batches."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def score(self, deployment_id: str, file: str | Path, *, version: int | None = None) -> Batch:
        """Send a CSV, JSON lines or Parquet file; it is streamed and scored in the background."""
        path = Path(file)
        params: dict[str, Any] = {"file_name": path.name}
        if version is not None:
            params["version"] = version
        with path.open("rb") as stream:
            answer = self._transport.request(
                "POST",
                f"/api/v1/deployments/{deployment_id}/batches/file",
                params=params,
                content=stream,
                headers={
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(path.stat().st_size),
                },
                timeout=None,
            )
        return _read(answer.json())

    def list(self, deployment_id: str) -> list[Batch]:
        """Give a deployment's newest batches."""
        found = self._transport.get(f"/api/v1/deployments/{deployment_id}/batches")
        return [_read(one) for one in found]

    def get(self, batch_id: str) -> Batch:
        """Give a batch as it is now."""
        return _read(self._transport.get(f"{_PATH}/{batch_id}"))

    def cancel(self, batch_id: str) -> Batch:
        """Stop a batch; what was scored stays."""
        return _read(self._transport.post(f"{_PATH}/{batch_id}/cancel"))

    def remove(self, batch_id: str) -> None:
        """Remove a batch that has ended, with its files."""
        self._transport.delete(f"{_PATH}/{batch_id}")

    def wait(
        self,
        batch_id: str,
        timeout_seconds: float | None = None,
        on_change: Callable[[Batch], None] | None = None,
    ) -> Batch:
        """Block until a batch has ended.

        Raises:
            ModelyardError: it has not within the time, or it failed.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        shown: Batch | None = None
        while True:
            now = self.get(batch_id)
            if on_change is not None and now != shown:
                on_change(now)
            shown = now
            if now.status == "failed":
                raise ModelyardError(now.error or "The batch failed.")
            if not now.is_open:
                return now
            if deadline is not None and time.monotonic() > deadline:
                raise ModelyardError(f"The batch has not ended within {timeout_seconds:g} s.")
            time.sleep(0.5)

    def save_results(self, batch_id: str, target: str | Path, form: Form = "csv") -> Path:
        """Write what was scored to a file, row by row with prediction id and version."""
        return self._save(f"{_PATH}/{batch_id}/results?format={form}", Path(target))

    def save_errors(self, batch_id: str, target: str | Path, form: Form = "csv") -> Path:
        """Write the rows that got no prediction to a file, each with the reason."""
        return self._save(f"{_PATH}/{batch_id}/errors?format={form}", Path(target))

    def _save(self, path: str, target: Path) -> Path:
        with self._transport.stream(path, {}) as answer, target.open("wb") as file:
            for block in answer.iter_bytes():
                file.write(block)
        return target


def _read(found: dict[str, Any]) -> Batch:
    return Batch(**{name: found[name] for name in Batch.__dataclass_fields__})
