"""Weights & Biases: the run folders that its client writes (`wandb/run-…`, `wandb/offline-run-…`).

A run's log is a file `run-<id>.wandb`: seven bytes of head, then protocol buffers in LevelDB's log
format (blocks of 32 KiB; a chunk is checksum, length, type, data). Only the fields below are read;
what a newer client adds is skipped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .items import OnlyRuns, Point, SourceExperiment, SourceFile, SourceRun, files_below

_HEAD = b":W&B"
_HEAD_BYTES, _BLOCK_BYTES, _CHUNK_HEAD_BYTES = 7, 32 * 1024, 7
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_OWN_KEYS = ("_wandb",)
_STEP, _AT, _RUNTIME = "_step", "_timestamp", "_runtime"
_LONGEST_KEY, _LONGEST_VALUE = 250, 6000


class WandbSource(OnlyRuns):
    """Run folders of W&B's client. A project becomes an experiment.

    Args:
        folder: A folder `wandb`, or one that has such a folder, or a single run's folder.
    """

    kind = "wandb"

    def __init__(self, folder: Path) -> None:
        self.label = str(folder)
        self._logs = [p for p in sorted(folder.rglob("run-*.wandb")) if not p.parent.is_symlink()]
        if not self._logs:
            raise FileNotFoundError(f"There is no run-….wandb below {folder}.")
        self._read: dict[str, list[_Run]] = {}
        self._folders: dict[str, Path] = {}
        for path in self._logs:
            run = _summary(path)
            self._read.setdefault(run.project, []).append(run)
            self._folders[run.id] = path.parent

    def plan(self) -> dict[str, int]:
        """Count what there is."""
        return {"experiment": len(self._read), "run": sum(map(len, self._read.values()))}

    def experiments(self) -> Iterator[SourceExperiment]:
        """Give the projects."""
        for project in self._read:
            yield SourceExperiment(id=project, name=project, tags={"wandb.project": project})

    def runs(self, experiment: SourceExperiment) -> Iterator[SourceRun]:
        """Give a project's runs."""
        for run in self._read[experiment.id]:
            yield SourceRun(
                id=f"{run.project}/{run.id}",
                name=(run.name or run.id)[:250],
                user_name=run.entity[:256],
                status=run.status,
                started_ms=run.started_ms,
                ended_ms=run.ended_ms,
                params=dict(_flat(run.config)),
                tags=run.tags,
                state=sorted((k, str(v)) for k, v in run.summary.items()),
            )

    def points(self, run: SourceRun) -> Iterator[Point]:
        """Give every number that was logged."""
        path = self._log_of(run)
        for row in _history(path):
            at = row.get(_AT)
            at_ms = round(at * 1000) if isinstance(at, int | float) else run.started_ms
            for key, value in row.items():
                if key in {_STEP, _AT, _RUNTIME} or not _is_number(value):
                    continue
                yield Point(key[:_LONGEST_KEY], float(value), at_ms, int(row.get(_STEP, 0)))

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """Give the files that were saved with a run."""
        folder = self._log_of(run).parent / "files"
        if folder.is_dir():
            yield from files_below(folder)

    def _log_of(self, run: SourceRun) -> Path:
        run_id = run.tags["wandb.run_id"]
        return self._folders[run_id] / f"run-{run_id}.wandb"


@dataclass(slots=True)
class _Run:
    id: str = ""
    project: str = "uncategorized"
    entity: str = ""
    name: str = ""
    started_ms: int = 0
    ended_ms: int | None = None
    status: str = "KILLED"  # a log without its last record: the process died
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def _summary(path: Path) -> _Run:
    run = _Run(id=path.stem.removeprefix("run-"))
    last_at: float | None = None
    for record in _records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            _describe(run, record.run)
        elif kind == "config":
            _put(run.config, record.config.update)
        elif kind == "summary":
            _put(run.summary, record.summary.update)
        elif kind == "history":
            for item in record.history.item:
                if item.key == _AT:
                    last_at = json.loads(item.value_json)
        elif kind == "exit":
            run.status = "FINISHED" if record.exit.exit_code == 0 else "FAILED"
            run.ended_ms = run.started_ms + record.exit.runtime * 1000
    if last_at is not None:
        run.ended_ms = max(run.ended_ms or 0, round(last_at * 1000))
    run.config = {k: v for k, v in run.config.items() if k not in _OWN_KEYS}
    return run


def _describe(run: _Run, told: Any) -> None:
    run.id = told.run_id or run.id
    run.project, run.entity = told.project or run.project, told.entity
    run.name = told.display_name
    run.started_ms = told.start_time.seconds * 1000 + told.start_time.nanos // 1_000_000
    _put(run.config, told.config.update)
    run.tags = {"wandb.run_id": run.id, "wandb.project": run.project}
    facts = {
        "wandb.tags": ",".join(told.tags),
        "wandb.group": told.run_group,
        "wandb.job_type": told.job_type,
        "wandb.sweep": told.sweep_id,
        "wandb.host": told.host,
        "mlflow.note.content": told.notes,
        "mlflow.source.git.commit": told.git.commit,
    }
    run.tags |= {key: value[:8000] for key, value in facts.items() if value}


def _history(path: Path) -> Iterator[dict[str, Any]]:
    for record in _records(path):
        if record.WhichOneof("record_type") == "history":
            row: dict[str, Any] = {}
            _put(row, record.history.item)
            row.setdefault(_STEP, record.history.step.num)
            yield dict(_leaves(row))


def _put(target: dict[str, Any], items: Any) -> None:
    for item in items:
        path = [*item.nested_key] or [item.key]
        place = target
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = json.loads(item.value_json)


def _flat(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in _leaves(config):
        text = value if isinstance(value, str) else json.dumps(value)
        yield key[:_LONGEST_KEY], text[:_LONGEST_VALUE]


def _leaves(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value and "_type" not in value:
            yield from _leaves(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _number_of(value)


def _number_of(value: Any) -> Any:
    """W&B writes what JSON has no word for as text."""
    known = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return known.get(value, value) if isinstance(value, str) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _records(path: Path) -> Iterator[Any]:
    made = _message()
    for data in _chunks(path):
        record = made()
        record.ParseFromString(data)
        yield record


def _chunks(path: Path) -> Iterator[bytes]:
    """Put the log's chunks together; a log that breaks off ends at its last whole record."""
    with path.open("rb") as file:
        if file.read(_HEAD_BYTES)[:4] != _HEAD:
            raise ValueError(f"{path.name} is no log of W&B's client.")
        at, waiting = _HEAD_BYTES, b""
        while True:
            left = _BLOCK_BYTES - at % _BLOCK_BYTES
            if left < _CHUNK_HEAD_BYTES:
                file.seek(left, 1)
                at += left
                continue
            head = file.read(_CHUNK_HEAD_BYTES)
            if len(head) < _CHUNK_HEAD_BYTES:
                return
            size, kind = int.from_bytes(head[4:6], "little"), head[6]
            data = file.read(size)
            at += _CHUNK_HEAD_BYTES + size
            if len(data) < size or kind not in {_FULL, _FIRST, _MIDDLE, _LAST}:
                return
            waiting = data if kind in {_FULL, _FIRST} else waiting + data
            if kind in {_FULL, _LAST}:
                yield waiting
                waiting = b""


_FIELDS: dict[str, list[tuple[str, int, str]]] = {
    "Timestamp": [("seconds", 1, "int64"), ("nanos", 2, "int32")],
    "Git": [("remote", 1, "string"), ("commit", 2, "string")],
    "Item": [("key", 1, "string"), ("nested_key", 2, "string*"), ("value_json", 16, "string")],
    "Config": [("update", 1, "Item*")],
    "Step": [("num", 1, "int64")],
    "History": [("item", 1, "Item*"), ("step", 2, "Step")],
    "Summary": [("update", 1, "Item*")],
    "Exit": [("exit_code", 1, "int32"), ("runtime", 2, "int32")],
    "Run": [
        ("run_id", 1, "string"),
        ("entity", 2, "string"),
        ("project", 3, "string"),
        ("config", 4, "Config"),
        ("run_group", 6, "string"),
        ("job_type", 7, "string"),
        ("display_name", 8, "string"),
        ("notes", 9, "string"),
        ("tags", 10, "string*"),
        ("sweep_id", 12, "string"),
        ("host", 13, "string"),
        ("start_time", 17, "Timestamp"),
        ("git", 21, "Git"),
    ],
    "Record": [
        ("history", 2, "History"),
        ("summary", 3, "Summary"),
        ("config", 5, "Config"),
        ("run", 17, "Run"),
        ("exit", 18, "Exit"),
    ],
}
"""The fields that are read, with their numbers; `*` marks repeated ones."""


def _message() -> Any:
    """Make the class of a log's records from the fields above."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    kinds = {"int64": 3, "int32": 5, "string": 9}
    file = descriptor_pb2.FileDescriptorProto(name="run_log.proto", syntax="proto3")
    file.package = "run_log"
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        if name == "Record":
            message.oneof_decl.add(name="record_type")
        for label, number, kind in fields:
            made = message.field.add(name=label, number=number, label=3 if "*" in kind else 1)
            plain = kind.rstrip("*")
            if plain in kinds:
                made.type = kinds[plain]
            else:
                made.type, made.type_name = 11, f".run_log.{plain}"
            if name == "Record":
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("run_log.Record"))
