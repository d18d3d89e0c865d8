"""Neptune: the Parquet folder that Neptune's own exporter writes.

One row is one value: `project_id, run_id, attribute_path, attribute_type, step, timestamp` and a
column per type of value. Files lie beside it, below the folder of files.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from .items import OnlyRuns, Point, SourceExperiment, SourceFile, SourceRun

_SINGLE = {"float", "int", "string", "bool", "datetime", "string_set"}
_COLUMN = {kind: f"{kind}_value" for kind in _SINGLE}
_LONGEST_KEY, _LONGEST_VALUE = 250, 6000
_MOST_DECIMALS = 6  # Neptune's steps are decimals with six places


class NeptuneSource(OnlyRuns):
    """An export. A project becomes an experiment.

    Args:
        data: Folder with the Parquet files.
        files: Folder with the files of runs, if they were exported.
    """

    kind = "neptune"

    def __init__(self, data: Path, files: Path | None = None) -> None:
        self.label = str(data)
        self._files = files
        self._runs: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
        for path in sorted(data.rglob("*.parquet")):
            for project, run in _owners(path):
                self._runs[project][run].append(path)
        if not self._runs:
            raise FileNotFoundError(f"There are no Parquet files of an export below {data}.")

    def plan(self) -> dict[str, int]:
        """Count what there is."""
        return {
            "experiment": len(self._runs),
            "run": sum(len(runs) for runs in self._runs.values()),
        }

    def experiments(self) -> Iterator[SourceExperiment]:
        """Give the projects."""
        for project in self._runs:
            yield SourceExperiment(id=project, name=project, tags={"neptune.project": project})

    def runs(self, experiment: SourceExperiment) -> Iterator[SourceRun]:
        """Give a project's runs."""
        for run_id in self._runs[experiment.id]:
            yield self._run(experiment.id, run_id)

    def points(self, run: SourceRun) -> Iterator[Point]:
        """Give every value of every series of numbers."""
        scale = 10 ** int(run.tags.get("neptune.step_decimals", "0"))
        for row in self._rows(run):
            if row["attribute_type"] == "float_series" and row["float_value"] is not None:
                at = row["timestamp"]
                yield Point(
                    row["attribute_path"][:_LONGEST_KEY],
                    row["float_value"],
                    _millis(at) if at is not None else run.started_ms,
                    int((row["step"] or 0) * scale),
                )

    def files(self, run: SourceRun) -> Iterator[SourceFile]:
        """Give a run's files, and its series of text and histograms as JSON lines."""
        series: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self._rows(run):
            path, kind = row["attribute_path"].strip("/"), row["attribute_type"]
            if kind in {"file", "file_series"} and row["file_value"]:
                yield from self._file(path, kind, row)
            elif kind in {"string_series", "histogram_series"}:
                value = row["string_value"] if kind == "string_series" else row["histogram_value"]
                at = row["timestamp"]
                series[path].append(
                    {
                        "step": None if row["step"] is None else float(row["step"]),
                        "at": None if at is None else at.isoformat(),
                        "value": value,
                    }
                )
        for path, values in series.items():
            text = "".join(json.dumps(value) + "\n" for value in values)
            yield SourceFile(f"series/{path}.jsonl", partial(_written, text))

    def _file(self, path: str, kind: str, row: dict[str, Any]) -> Iterator[SourceFile]:
        if self._files is None:
            return
        local = (self._files / row["file_value"]["path"]).resolve()
        if not local.is_relative_to(self._files.resolve()) or not local.is_file():
            return
        name = path
        if kind == "file_series":
            name = f"{path}/step-{row['step'].normalize():f}{local.suffix}"
        yield SourceFile(name, lambda _into: local)

    def _run(self, project: str, run_id: str) -> SourceRun:
        params: dict[str, str] = {}
        system: dict[str, Any] = {}
        latest: dict[str, Any] = {}
        first = last = None
        decimals = 0
        for row in self._rows_of(project, run_id):
            path, kind, at = row["attribute_path"], row["attribute_type"], row["timestamp"]
            if kind in _SINGLE:
                value = row[_COLUMN[kind]]
                if path.startswith("sys/"):
                    system[path.removeprefix("sys/")] = value
                elif value is not None:
                    params[path[:_LONGEST_KEY]] = _text(value)[:_LONGEST_VALUE]
            elif kind == "float_series":
                latest[path] = (str(row["step"]), str(row["float_value"]))
                decimals = max(decimals, _decimals(row["step"]))
            if at is not None:
                first, last = min(first or at, at), max(last or at, at)
        started = system.get("creation_time") or first
        is_running = str(system.get("state", "")).lower() in {"running", "active"}
        ended = None if is_running else system.get("modification_time") or last
        tags = {f"neptune.{name}": _text(v) for name, v in system.items() if v is not None}
        tags["neptune.run_id"] = run_id
        if decimals:
            tags["neptune.step_decimals"] = str(decimals)
        return SourceRun(
            id=f"{project}/{run_id}",
            name=str(system.get("name") or run_id)[:250],
            user_name=str(system.get("owner") or "")[:256],
            status=_status(system, is_running),
            started_ms=_millis(started) if started is not None else 0,
            ended_ms=_millis(ended) if ended is not None else None,
            params=params,
            tags={key: value[:8000] for key, value in tags.items()},
            is_deleted=bool(system.get("trashed")),
            state=sorted(latest.items()),
        )

    def _rows(self, run: SourceRun) -> Iterator[dict[str, Any]]:
        run_id = run.tags["neptune.run_id"]
        return self._rows_of(run.id.removesuffix(f"/{run_id}"), run_id)

    def _rows_of(self, project: str, run_id: str) -> Iterator[dict[str, Any]]:
        import pyarrow.parquet as pq

        for path in self._runs[project][run_id]:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=10_000):
                    for row in batch.to_pylist():
                        if row["run_id"] == run_id and row["project_id"] == project:
                            yield row


def _owners(path: Path) -> list[tuple[str, str]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if not {"project_id", "run_id", "attribute_path"} <= set(file.schema_arrow.names):
            return []
        table = file.read(columns=["project_id", "run_id"])
    table = table.filter(pc.is_valid(table["run_id"])).group_by(["project_id", "run_id"])
    return [(row["project_id"], row["run_id"]) for row in table.aggregate([]).to_pylist()]


def _status(system: dict[str, Any], is_running: bool) -> str:
    if is_running:
        return "RUNNING"
    return "FAILED" if system.get("failed") else "FINISHED"


def _decimals(step: Decimal | None) -> int:
    if step is None:
        return 0
    exponent = step.normalize().as_tuple().exponent
    return min(_MOST_DECIMALS, max(0, -exponent)) if isinstance(exponent, int) else 0


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)


def _millis(at: dt.datetime) -> int:
    aware = at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)
    return round(aware.timestamp() * 1000)


def _written(text: str, into: Path) -> Path:
    path = into / "series.jsonl"
    path.write_text(text)
    return path
