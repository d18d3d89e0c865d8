"""Sends what a source has, item by item."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from modelyard._errors import ModelyardError, Unreachable
from modelyard._transport import Transport

from .items import (
    Point,
    Source,
    SourceExperiment,
    SourceFile,
    SourceLoggedModel,
    SourceModel,
    SourceRun,
    SourceVersion,
    fingerprint,
)

POINTS_A_REQUEST = 5_000
_STREAM_BYTES = 1024 * 1024
_PROXY = "/api/2.0/mlflow-artifacts/artifacts"
T = TypeVar("T")
OnItem = Callable[[str, str, bool], None]
"""Told of each item: its kind, its name, and whether it was here already."""


@dataclass(slots=True)
class Report:
    """What an import came to."""

    planned: dict[str, int]
    done: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Items that could not be brought, each with the reason; everything else was."""


class Importer:
    """One import of one source.

    Args:
        transport: Connection to Modelyard.
        source: What to read.
    """

    def __init__(self, transport: Transport, source: Source) -> None:
        self.on_item: OnItem = lambda *_: None
        self._http = transport
        self._source = source
        self._report = Report({})
        self._url = ""

    def plan(self) -> dict[str, int]:
        """Count what would be imported; nothing is sent."""
        return self._source.plan()

    def run(self) -> Report:
        """Import everything that is not here yet.

        Raises:
            ModelyardError: the server refused the import itself, or cannot be reached. What was
                sent is kept; the next import goes on from there.
        """
        self._report = Report(self._source.plan())
        body = {"kind": self._source.kind, "source": self._source.label[:500]}
        made = self._http.post("/api/v1/imports", {**body, "planned": self._report.planned})
        self._url = f"/api/v1/imports/{made['id']}"
        try:
            self._send_all()
        except BaseException as error:
            self._finish(str(error) or type(error).__name__)
            raise
        problems = self._report.problems
        told = f"{len(problems)} could not be brought. First: {problems[0]}" if problems else ""
        self._finish(told)
        return self._report

    def _finish(self, error: str) -> None:
        try:
            self._http.post(f"{self._url}/finish", {"error": error[:2000] or None})
        except ModelyardError:
            if not error:
                raise

    def _send_all(self) -> None:
        for experiment in self._source.experiments():
            local = self._put("experiment", experiment.id, experiment, _experiment(experiment))
            if local is None:
                continue
            for run in self._source.runs(experiment):
                self._attempt(f"run {run.name}", self._run, run, local["local_id"])
            for model in self._source.logged_models(experiment):
                self._attempt(f"model {model.id}", self._logged_model, model, local["local_id"])
            self._close("experiment", experiment.id, experiment, local)
        for registered in self._source.models():
            self._attempt(f"model {registered.name}", self._model, registered)

    def _run(self, run: SourceRun, experiment_id: str) -> None:
        body = {
            **_run(run),
            "experiment_id": experiment_id,
        }
        local = self._ask("run", run, body)
        if not local["unchanged"]:
            for points in _chunks(self._source.points(run), POINTS_A_REQUEST):
                sent = {"run_id": local["local_id"], "points": [_point(p) for p in points]}
                self._http.post(f"{self._url}/points", sent)
            self._upload(self._source.files(run), f"runs/{local['local_id']}", local["files"])
        self._close("run", run.id, run, local)

    def _logged_model(self, model: SourceLoggedModel, experiment_id: str) -> None:
        body = {**_fields(model), "experiment_id": experiment_id}
        local = self._ask("logged_model", model, body)
        if not local["unchanged"]:
            files = self._source.model_files(model)
            self._upload(files, f"models/{local['local_id']}", local["files"])
        self._close("logged_model", model.id, model, local)

    def _model(self, model: SourceModel) -> None:
        body = {**asdict(model), "fingerprint": fingerprint(model)}
        local = self._http.post(f"{self._url}/models", body)
        for version in self._source.versions(model):
            self._attempt(f"{model.name} version {version.number}", self._version, version)
        self._close("model", model.name, model, local)

    def _version(self, version: SourceVersion) -> None:
        body = {**asdict(version), "fingerprint": fingerprint(version)}
        local = self._http.post(f"{self._url}/versions", body)
        self._close("version", f"{version.model}/{version.number}", version, local)

    def _ask(self, kind: str, item: Any, body: dict[str, Any]) -> dict[str, Any]:
        path = {"run": "runs", "logged_model": "logged-models", "experiment": "experiments"}[kind]
        answer: dict[str, Any] = self._http.post(
            f"{self._url}/{path}", {**body, "fingerprint": fingerprint(item)}
        )
        return answer

    def _put(self, kind: str, name: str, item: Any, body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self._ask(kind, item, body)
        except Unreachable:
            raise
        except ModelyardError as refusal:
            self._report.problems.append(f"{kind} {name}: {refusal}")
            return None

    def _attempt(self, what: str, send: Callable[..., None], *arguments: Any) -> None:
        """Go on after an item that was refused or cannot be read."""
        try:
            send(*arguments)
        except Unreachable:
            raise
        except (ModelyardError, OSError, ValueError) as error:
            self._report.problems.append(f"{what}: {error}")

    def _close(self, kind: str, source_id: str, item: Any, local: dict[str, Any]) -> None:
        counts = self._report.unchanged if local["unchanged"] else self._report.done
        counts[kind] = counts.get(kind, 0) + 1
        if not local["unchanged"]:
            body = {"kind": kind, "source_id": source_id, "fingerprint": fingerprint(item)}
            is_deleted = getattr(item, "is_deleted", False)
            self._http.post(f"{self._url}/complete", {**body, "is_deleted": is_deleted})
        self.on_item(kind, getattr(item, "name", source_id), local["unchanged"])

    def _upload(self, files: Iterable[SourceFile], prefix: str, kept: list[dict[str, Any]]) -> None:
        here = {file["path"]: file["sha256"] for file in kept}
        with tempfile.TemporaryDirectory() as folder:
            for file in files:
                local = file.fetch(Path(folder))
                if here.get(file.path) == _sha256(local):
                    continue
                with local.open("rb") as content:
                    self._http.request(
                        "PUT", f"{_PROXY}/{prefix}/{quote(file.path)}", content=_read(content)
                    )


def _experiment(experiment: SourceExperiment) -> dict[str, Any]:
    return {name: value for name, value in _fields(experiment).items() if name != "is_deleted"}


def _run(run: SourceRun) -> dict[str, Any]:
    made = _fields(run)
    for only_ours in ("is_deleted", "state"):
        made.pop(only_ours)
    return made


def _fields(item: Any) -> dict[str, Any]:
    made = asdict(item)
    made["source_id"] = made.pop("id")
    return made


def _point(point: Point) -> dict[str, Any]:
    value: float | str = point.value
    if not math.isfinite(point.value):
        value = "NaN" if math.isnan(point.value) else f"{'-' * (point.value < 0)}Infinity"
    return {"key": point.key, "value": value, "at_ms": point.at_ms, "step": point.step}


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _read(content: Any) -> Iterator[bytes]:
    while chunk := content.read(_STREAM_BYTES):
        yield chunk
