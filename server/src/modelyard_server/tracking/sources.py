"""Addresses of artifacts: the only place that makes and reads them.

Clients get `mlflow-artifacts:/runs/<run id>` or `mlflow-artifacts:/models/<model id>`; files lie at
`runs/<run id>/…` and `models/<model id>/…`. A client never chooses a location.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import paths
from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.errors import FileMissing, PathRefused
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import trail
from modelyard_server.kernel.errors import NotFound

from . import logged_models, runs
from .errors import ModelSourceMissing
from .models import Experiment, LoggedModel, Run

SCHEME = "mlflow-artifacts:/"
_REGISTERED = re.compile(r"versions/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?:/.*)?", re.DOTALL)
_OWNED = re.compile(r"(runs/[0-9a-f]{32}|models/m-[0-9a-f]{32})(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Folder:
    """Files that belong to something of a capability above this one."""

    pattern: re.Pattern[str]
    check: Callable[[Session, re.Match[str]], None]
    """Raises when there is no such thing in the workspace."""
    received: Callable[[Session, BlobStore, re.Match[str]], None]
    """Told of each file, in the transaction that keeps it."""


_folders: dict[str, Folder] = {}


def also_owned(name: str, folder: Folder) -> None:
    """Let files lie in a folder of another capability."""
    _folders[name] = folder


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model package lies; `prefix` ends with a slash."""

    prefix: str
    run_id: str | None
    logged_model_id: str | None


def of_run(run: Run) -> str:
    """Give a run's artifact address."""
    return f"{SCHEME}runs/{run.uid}"


def of_model(model: LoggedModel) -> str:
    """Give a logged model's artifact address."""
    return f"{SCHEME}models/{model.id}"


def of_experiment(experiment: Experiment) -> str:
    """Give an experiment's address. Files go to runs and models, never here."""
    return f"{SCHEME}experiments/{experiment.id}"


def owned(db: Session, path: str, *, write: bool) -> str:
    """Check that a path belongs to a run or model of the workspace; give it back checked.

    The registry keeps the files of its versions below `versions/`: they are read, never changed.

    Raises:
        PathRefused: it is no path of a run or model.
        RunMissing: there is no such run.
        LoggedModelMissing: there is no such model.
        NotActive: the run is deleted and the path is to be changed.
        NotFound: there is nothing that owns one of the other folders.
    """
    if not write and _REGISTERED.fullmatch(paths.checked(path)):
        return path
    match = _OWNED.fullmatch(paths.checked(path))
    for folder in _folders.values():
        if found := folder.pattern.fullmatch(path):
            folder.check(db, found)
            return path
    if match is None:
        raise PathRefused("Artifacts lie below runs/<run id> or models/<model id>.")
    kind, _, identifier = match.group(1).partition("/")
    if kind == "models":
        logged_models.get(db, identifier)
    elif write:
        runs.get_active(db, identifier)
    else:
        runs.get(db, identifier)
    return path


def received(db: Session, blobs: BlobStore, path: str) -> None:
    """Tell whose file has arrived."""
    for folder in _folders.values():
        if found := folder.pattern.fullmatch(path):
            folder.received(db, blobs, found)


def model_source(db: Session, source: str) -> ModelSource:
    """Find the package that an address names.

    Raises:
        ModelSourceMissing: it names none of this workspace.
    """
    try:
        found = _find(db, source)
    except (NotFound, PathRefused) as refusal:
        raise ModelSourceMissing(f"{source[:200]} names no model: {refusal.detail}") from None
    if not artifacts.files_below(db, found.prefix):
        raise ModelSourceMissing(f"{source[:200]} names no model: there are no files.")
    return found


def _find(db: Session, source: str) -> ModelSource:
    if source.startswith("models:/"):
        return _of_logged(db, source.removeprefix("models:/").rstrip("/"))
    if source.startswith("runs:/"):
        run_id, _, below = source.removeprefix("runs:/").strip("/").partition("/")
        return _of_run(db, run_id, below)
    parts = urlsplit(source)
    if parts.scheme != "mlflow-artifacts" or parts.query or parts.fragment or parts.username:
        raise PathRefused("It is none of models:/, runs:/ and mlflow-artifacts:/.")
    path = parts.path.strip("/").removeprefix("api/2.0/mlflow-artifacts/artifacts/")
    match = _OWNED.fullmatch(paths.checked(path))
    if match is None:
        raise PathRefused("It lies outside of runs and models.")
    kind, _, identifier = match.group(1).partition("/")
    if kind == "runs":
        return _of_run(db, identifier, match.group(2) or "")
    return _of_logged(db, identifier, match.group(2) or "")


def _of_logged(db: Session, model_id: str, below: str = "") -> ModelSource:
    model = logged_models.get(db, model_id)
    return ModelSource(f"models/{model.id}/{paths.folder(below)}", model.source_run_id, model.id)


def _of_run(db: Session, run_id: str, below: str) -> ModelSource:
    """A path of the run, or (since MLflow 3) the name of a model that the run logged."""
    run = runs.get(db, run_id)
    prefix = f"runs/{run.uid}/{paths.folder(below)}"
    if below and not artifacts.files_below(db, prefix):
        named = db.scalars(
            select(LoggedModel)
            .where(LoggedModel.source_run_id == run.uid, LoggedModel.name == below.strip("/"))
            .order_by(LoggedModel.created_ms.desc())
        ).first()
        if named is not None:
            return _of_logged(db, named.id)
    return ModelSource(prefix, run.uid, None)


def delete_artifacts(db: Session, actor: trail.Who, path: str) -> int:
    """Remove the file at a path that `owned` checked, or everything below it; give how many.

    Raises:
        FileMissing: there is nothing.
    """
    count = artifacts.delete_file(db, path) or artifacts.delete_below(db, f"{path}/")
    if not count:
        raise FileMissing(f"There is no artifact at {path}.")
    trail.record(
        db,
        actor,
        "artifacts.delete",
        object_type="artifact",
        object_name=path[:512],
        before={"files": count},
    )
    return count
