"""MLflow: a live server, an `mlruns` folder or a SQLite file, read with MLflow's own client."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from .items import (
    Point,
    SourceDataset,
    SourceExperiment,
    SourceFile,
    SourceLoggedModel,
    SourceModel,
    SourceRun,
    SourceVersion,
    files_below,
)

_ALL = 3  # mlflow.entities.ViewType.ALL
_PAGE = 1000
_SECRETS = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
T = TypeVar("T")


@contextlib.contextmanager
def opened(
    place: str, *, artifacts: Path | None = None, only: Iterable[str] = ()
) -> Iterator[MlflowSource]:
    """Open an MLflow history.

    Credentials of a live server are read from `SOURCE_MLFLOW_TRACKING_TOKEN` (or `…_USERNAME` and
    `…_PASSWORD`), so that the token for Modelyard is never sent to another server.

    Args:
        place: Address of a server, a folder `mlruns`, or a SQLite file. Files are never changed.
        artifacts: Where files are, when the history names a place that is not here.
        only: Names of experiments; all of them when empty.
    """
    with _own_credentials(), tempfile.TemporaryDirectory() as folder:
        local = _local(place)
        uri = place
        if local is not None:
            if not local.exists():
                raise FileNotFoundError(f"There is no {local}.")
            uri = local.resolve().as_uri() if local.is_dir() else _copied(local, Path(folder))
        yield MlflowSource(uri, place, local, artifacts, frozenset(only))


class MlflowSource:
    """An MLflow history. Made by `opened`."""

    kind = "mlflow"

    def __init__(
        self,
        uri: str,
        label: str,
        local: Path | None,
        artifacts: Path | None,
        only: frozenset[str],
    ) -> None:
        from mlflow import MlflowClient

        self.label = label
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._only = only
        places = [artifacts] if artifacts is not None else []
        if local is not None:
            base = local if local.is_dir() else local.parent
            places += [base, base / "mlruns", base / "mlartifacts"]
        self._places = [place for place in places if place.is_dir()]
        self._is_remote = local is None
        self._roots: dict[str, str] = {}
        """Where a run's or logged model's files are, as the history says, by its id."""

    def plan(self) -> dict[str, int]:
        """Count what there is."""
        counts = dict.fromkeys(("experiment", "run", "logged_model", "model", "version"), 0)
        for experiment in self.experiments():
            counts["experiment"] += 1
            counts["run"] += sum(1 for _ in self._raw_runs(experiment.id))
            counts["logged_model"] += sum(1 for _ in self._raw_logged(experiment.id))
        for model in self.models():
            counts["model"] += 1
            counts["version"] += sum(1 for _ in self._raw_versions(model.name))
        return counts

    def experiments(self) -> Iterator[SourceExperiment]:
        """Give the experiments, deleted ones too."""
        for found in _pages(
            lambda token: self._client.search_experiments(
                view_type=_ALL, max_results=_PAGE, order_by=["creation_time ASC"], page_token=token
            )
        ):
            if self._only and found.name not in self._only:
                continue
            yield SourceExperiment(
                id=str(found.experiment_id),
                name=found.name,
                tags=dict(found.tags),
                created_ms=found.creation_time,
                updated_ms=found.last_update_time,
                is_deleted=found.lifecycle_stage == "deleted",
            )

    def runs(self, experiment: SourceExperiment) -> Iterator[SourceRun]:
        """Give an experiment's runs, deleted ones too."""
        for found in self._raw_runs(experiment.id):
            info = found.info
            latest = [
                (m.key, str(m.value), m.step, m.timestamp) for m in found.data._metric_objs or []
            ]
            yield SourceRun(
                id=info.run_id,
                name=(info.run_name or info.run_id)[:250],
                user_name=info.user_id or "",
                status=info.status,
                started_ms=info.start_time or 0,
                ended_ms=info.end_time,
                params=dict(found.data.params),
                tags=dict(found.data.tags),
                datasets=tuple(_datasets(found)),
                is_deleted=info.lifecycle_stage == "deleted",
                state=sorted(latest),
            )

    def points(self, run: SourceRun) -> Iterator[Point]:
        """Give every value of every metric of a run."""
        for key in sorted({entry[0] for entry in run.state}):
            for point in self._client.get_metric_history(run.id, key):
                yield Point(key, point.value, point.timestamp, point.step)

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """Give a run's files."""
        folder = self._folder(self._roots[run.id], f"{run.id}/artifacts")
        if folder is not None:
            yield from files_below(folder)
        elif self._is_remote:
            yield from self._remote_files(run.id, None)

    def logged_models(self, experiment: SourceExperiment) -> Iterator[SourceLoggedModel]:
        """Give an experiment's logged models; servers before MLflow 3 have none."""
        for found in self._raw_logged(experiment.id):
            self._roots[found.model_id] = found.artifact_location or ""
            yield SourceLoggedModel(
                id=found.model_id,
                run_id=found.source_run_id or None,
                name=found.name,
                model_type=found.model_type or None,
                status=f"LOGGED_MODEL_{_status(found.status)}",
                created_ms=found.creation_timestamp,
                updated_ms=found.last_updated_timestamp,
                params={k: str(v) for k, v in (found.params or {}).items()},
                tags=dict(found.tags or {}),
            )

    def model_files(self, model: SourceLoggedModel) -> Iterator[SourceFile]:
        """Give a logged model's files."""
        folder = self._folder(self._roots[model.id], f"models/{model.id}/artifacts")
        if folder is not None:
            yield from files_below(folder)
        elif self._is_remote:
            import mlflow.artifacts

            with tempfile.TemporaryDirectory() as into:
                got = mlflow.artifacts.download_artifacts(
                    artifact_uri=f"models:/{model.id}",
                    dst_path=into,
                    tracking_uri=self._client.tracking_uri,
                )
                yield from files_below(Path(got))

    def models(self) -> Iterator[SourceModel]:
        """Give the registered models and prompts."""
        for found in _pages(
            lambda token: self._client.search_registered_models(max_results=100, page_token=token)
        ):
            if self._only and not any(True for _ in self._raw_versions(found.name)):
                continue
            yield SourceModel(
                name=found.name,
                description=found.description or "",
                created_ms=found.creation_timestamp,
                updated_ms=found.last_updated_timestamp,
                tags=dict(found.tags),
            )

    def versions(self, model: SourceModel) -> Iterator[SourceVersion]:
        """Give a model's versions, oldest first."""
        registered = self._client.get_registered_model(model.name)
        aliases: dict[int, list[str]] = {}
        for alias, number in registered.aliases.items():
            aliases.setdefault(int(number), []).append(alias)
        for found in sorted(self._raw_versions(model.name), key=lambda v: int(v.version)):
            yield SourceVersion(
                model=model.name,
                number=int(found.version),
                source=self._source_of(found),
                run_id=found.run_id or None,
                description=found.description or "",
                stage=found.current_stage or "None",
                user_name=found.user_id or "",
                created_ms=found.creation_timestamp,
                updated_ms=found.last_updated_timestamp,
                tags=dict(found.tags),
                aliases=tuple(sorted(aliases.get(int(found.version), []))),
            )

    def _raw_runs(self, experiment_id: str) -> Iterator[Any]:
        for run in _pages(
            lambda token: self._client.search_runs(
                [experiment_id],
                run_view_type=_ALL,
                max_results=_PAGE,
                order_by=["attributes.start_time ASC"],
                page_token=token,
            )
        ):
            self._roots[run.info.run_id] = run.info.artifact_uri or ""
            yield run

    def _raw_logged(self, experiment_id: str) -> Iterator[Any]:
        from mlflow.exceptions import MlflowException

        try:
            yield from _pages(
                lambda token: self._client.search_logged_models(
                    [experiment_id], max_results=50, page_token=token
                )
            )
        except MlflowException as error:
            if error.error_code not in {"ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED", "INTERNAL_ERROR"}:
                raise

    def _raw_versions(self, name: str) -> Iterator[Any]:
        quoted = name.replace("'", "\\'")
        for version in _pages(
            lambda token: self._client.search_model_versions(
                f"name='{quoted}'", max_results=_PAGE, page_token=token
            )
        ):
            if not self._only or version.run_id in self._roots:
                yield version

    def _folder(self, root: str, below: str) -> Path | None:
        """Find the local folder of a run's or model's files."""
        parts = urlsplit(root)
        if parts.scheme in {"", "file"}:
            stated = Path(unquote(parts.path))
            if not self._is_remote and stated.is_absolute() and stated.is_dir():
                return stated
        wanted = [f"*/{below}", f"*/*/{below}"]
        found = (path for place in self._places for rule in wanted for path in place.glob(rule))
        return next((path for path in found if path.is_dir()), None)

    def _remote_files(self, run_id: str, path: str | None) -> Iterator[SourceFile]:
        for entry in self._client.list_artifacts(run_id, path):
            if entry.is_dir:
                yield from self._remote_files(run_id, entry.path)
            else:
                yield SourceFile(entry.path, self._download(run_id, entry.path))

    def _download(self, run_id: str, path: str) -> Callable[[Path], Path]:
        def fetch(folder: Path) -> Path:
            return Path(self._client.download_artifacts(run_id, path, str(folder)))

        return fetch

    def _source_of(self, version: Any) -> str:
        """Say where a version's files are in words that hold here, too."""
        model_id = getattr(version, "model_id", None)
        if model_id:
            return f"models:/{model_id}"
        source: str = version.source or ""
        if source.startswith(("runs:/", "models:/")):
            return source
        _, marker, below = source.partition(f"/{version.run_id}/artifacts/")
        if version.run_id and marker:
            return f"runs:/{version.run_id}/{below.strip('/')}"
        return source or "none"


def _local(place: str) -> Path | None:
    """Give the file or folder that a place names; a server is neither."""
    if place.startswith("sqlite:///"):
        return Path(place.removeprefix("sqlite:///"))
    if place.startswith("file:"):
        return Path(unquote(urlsplit(place).path))
    return None if "://" in place else Path(place)


def _pages(ask: Callable[[str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = ask(token)
        yield from page
        token = page.token
        if not token:
            return


def _datasets(run: Any) -> Iterator[SourceDataset]:
    for entry in run.inputs.dataset_inputs if run.inputs else []:
        data = entry.dataset
        yield SourceDataset(
            name=data.name,
            digest=data.digest,
            source_type=data.source_type,
            source=data.source,
            schema_text=data.schema,
            profile_text=data.profile,
            tags={tag.key: tag.value for tag in entry.tags},
        )


def _status(status: Any) -> str:
    name = str(getattr(status, "value", status)).upper()
    return {"FAILED": "UPLOAD_FAILED"}.get(name, name)


def _copied(file: Path, folder: Path) -> str:
    """Copy a SQLite file and bring the copy to the client's schema; the original stays as it is.

    Raises:
        ValueError: it is no database of MLflow.
    """
    target = folder / "history.db"
    with (
        contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        try:
            old.backup(new)
            new.execute("SELECT 1 FROM experiments, alembic_version LIMIT 1")
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{file} is no MLflow database: {error}.") from error
    uri = f"sqlite:///{target}"
    if not _is_current(uri):
        line = [sys.executable, "-m", "mlflow", "db", "upgrade", uri]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = (done.stderr or done.stdout).strip().splitlines()
            raise ValueError(f"{file} cannot be read: {reason[-1] if reason else 'no reason'}")
    return uri


def _is_current(uri: str) -> bool:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        MlflowClient(tracking_uri=uri).search_experiments(max_results=1)
    except MlflowException:
        return False
    return True


@contextlib.contextmanager
def _own_credentials() -> Iterator[None]:
    before = {name: os.environ.pop(name, None) for name in _SECRETS}
    for name in _SECRETS:
        given = os.environ.get(f"SOURCE_{name}")
        if given is not None:
            os.environ[name] = given
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
