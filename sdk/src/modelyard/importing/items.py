"""What a source has. Times are milliseconds since 1970, in UTC."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Point(NamedTuple):
    """One value of a metric."""

    key: str
    value: float
    at_ms: int
    step: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a run or model; `fetch` gives it as a local path, in the folder if need be."""

    path: str
    fetch: Callable[[Path], Path]


@dataclass(frozen=True, slots=True)
class SourceExperiment:
    """A group of runs."""

    id: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    created_ms: int | None = None
    updated_ms: int | None = None
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class SourceDataset:
    """Data a run read."""

    name: str
    digest: str
    source_type: str
    source: str
    schema_text: str | None
    profile_text: str | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class SourceRun:
    """One training."""

    id: str
    name: str
    user_name: str
    status: str
    started_ms: int
    ended_ms: int | None
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: tuple[SourceDataset, ...] = ()
    is_deleted: bool = False
    state: Any = None
    """Anything that changes when metrics do, e.g. their latest values."""


@dataclass(frozen=True, slots=True)
class SourceLoggedModel:
    """A logged model of MLflow 3."""

    id: str
    run_id: str | None
    name: str
    model_type: str | None
    status: str
    created_ms: int
    updated_ms: int
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceModel:
    """A registered model."""

    name: str
    description: str
    created_ms: int
    updated_ms: int
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceVersion:
    """A version of a registered model; `source` names the run or logged model with its files."""

    model: str
    number: int
    source: str
    run_id: str | None
    description: str
    stage: str
    user_name: str
    created_ms: int
    updated_ms: int
    tags: dict[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()


class Source(Protocol):
    """A tool whose history can be read."""

    kind: str
    label: str

    def plan(self) -> dict[str, int]:
        """Count what there is, by kind of item."""
        ...

    def experiments(self) -> Iterator[SourceExperiment]:
        """Give the groups of runs."""
        ...

    def runs(self, experiment: SourceExperiment) -> Iterator[SourceRun]:
        """Give an experiment's runs."""
        ...

    def points(self, run: SourceRun) -> Iterator[Point]:
        """Give every value of every metric of a run."""
        ...

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """Give a run's files."""
        ...

    def logged_models(self, experiment: SourceExperiment) -> Iterator[SourceLoggedModel]:
        """Give an experiment's logged models."""
        ...

    def model_files(self, model: SourceLoggedModel) -> Iterator[SourceFile]:
        """Give a logged model's files."""
        ...

    def models(self) -> Iterator[SourceModel]:
        """Give the registered models."""
        ...

    def versions(self, model: SourceModel) -> Iterator[SourceVersion]:
        """Give a model's versions, oldest first."""
        ...


class OnlyRuns:
    """The part of a source that has no models."""

    def logged_models(self, experiment: SourceExperiment) -> Iterator[SourceLoggedModel]:  # noqa: ARG002
        """Give none."""
        return iter(())

    def model_files(self, model: SourceLoggedModel) -> Iterator[SourceFile]:  # noqa: ARG002
        """Give none."""
        return iter(())

    def models(self) -> Iterator[SourceModel]:
        """Give none."""
        return iter(())

    def versions(self, model: SourceModel) -> Iterator[SourceVersion]:  # noqa: ARG002
        """Give none."""
        return iter(())


def fingerprint(item: Any) -> str:
    """Give a digest that changes when the item does."""
    text = json.dumps(asdict(item), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def files_below(folder: Path) -> Iterator[SourceFile]:
    """Give the files of a local folder; links that lead out of it are left out."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield SourceFile(path.relative_to(folder).as_posix(), partial(_here, path))


def _here(path: Path, _folder: Path) -> Path:
    return path
