"""Fills an experiment with many runs quickly, straight into the tables, for benchmarks.

Rows go in by the driver's bulk call, and secondary indexes are made when all rows are there: random
values in the order of runs would otherwise take most of the time. What is there in the end, and how
the server reads it, is the same.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Index, insert, select, text

from modelyard_server.kernel.db import Database
from modelyard_server.tracking import experiments, keys
from modelyard_server.tracking.models import Run
from modelyard_server.tracking.records import RunMetric, RunParam, RunTag
from modelyard_server.workspaces.access import System

CHUNK_ROWS = 100_000
_TYPES = {
    "BIGINT": "bigint",
    "INTEGER": "int",
    "FLOAT": "float8",
    "DOUBLE": "float8",
    "DOUBLE PRECISION": "float8",
    "BOOLEAN": "boolean",
    "TEXT": "text",
}
Columns = dict[str, list[Any]]


def fill(
    database: Database,
    workspace_id: int,
    runs: int,
    metrics: tuple[str, ...],
    *,
    name: str = "many runs",
) -> str:
    """Make an experiment whose runs have these metrics, 3 parameters and 2 tags; give its id."""
    made = random.Random(name)
    with database.session(workspace_id) as db:
        experiment = experiments.create(db, System(workspace_id), name).id
        texts = ("depth", "lr", "seed", "team", "mlflow.runName")
        numbers = keys.numbers(db, [*metrics, *texts])
    first = experiment * 10_000_000 + 1
    size = max(CHUNK_ROWS // len(metrics), 1)
    with _without_indexes(database):
        for start in range(first, first + runs, size):
            chunk = range(start, min(start + size, first + runs))
            with database.session(workspace_id) as db:
                loader = _Loader(db.connection(), workspace_id, experiment)
                loader.runs([_run(number, made) for number in chunk])
                loader.load(RunMetric.__table__, _metrics(chunk, metrics, numbers, made))
                loader.load(RunParam.__table__, _params(chunk, numbers, made))
                loader.load(RunTag.__table__, _tags(chunk, numbers, made))
    if not database.is_sqlite:
        with database.platform_session() as db:  # as autovacuum does within a minute
            db.execute(text("ANALYZE"))
    return str(experiment)


def some_runs(database: Database, workspace_id: int, experiment: str, count: int) -> list[str]:
    """Give the ids of some runs, as MLflow names them."""
    query = select(Run.uid).where(Run.experiment_id == int(experiment)).limit(count)
    with database.session(workspace_id, write=False) as db:
        return list(db.scalars(query))


class _Loader:
    """Puts columns into tables of one workspace and experiment."""

    def __init__(self, connection: Connection, workspace_id: int, experiment: int) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._experiment = experiment

    def runs(self, rows: list[dict[str, Any]]) -> None:
        own = {"workspace_id": self._workspace_id, "experiment_id": self._experiment}
        self._connection.execute(insert(Run.__table__), [own | row for row in rows])

    def load(self, table: Any, columns: Columns) -> None:
        count = len(columns["run_id"])
        columns = {"experiment_id": [self._experiment] * count, **columns}
        names = ", ".join(["workspace_id", *columns])
        into = f"INSERT INTO {table.name} ({names}) "
        if self._connection.dialect.name == "sqlite":
            marks = ", ".join("?" * (len(columns) + 1))
            rows = list(zip([self._workspace_id] * count, *columns.values(), strict=True))
            self._connection.exec_driver_sql(f"{into}VALUES ({marks})", rows)
            return
        arrays = ", ".join(f"CAST(%({name})s AS {_type_of(table.c[name])}[])" for name in columns)
        given = ", ".join(columns)
        self._connection.exec_driver_sql(
            f"{into}SELECT CAST(%(ws)s AS bigint), {given} FROM unnest({arrays}) AS p ({given})",
            {"ws": self._workspace_id, **columns},
        )


def _type_of(column: Any) -> str:
    return _TYPES.get(str(column.type.compile()).split("(")[0], "text")


@contextmanager
def _without_indexes(database: Database) -> Iterator[None]:
    tables = [table.__table__ for table in (RunMetric, RunParam, RunTag)]
    indexes: list[Index] = [index for table in tables for index in table.indexes]  # type: ignore[attr-defined]
    with database.engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
    yield
    with database.engine.begin() as connection:
        for index in indexes:
            index.create(connection)


def _run(number: int, made: random.Random) -> dict[str, Any]:
    return {
        "id": number,
        "uid": uuid.UUID(int=made.getrandbits(128)).hex,
        "name": f"run-{number}",
        "user_name": "bench",
        "status": "FINISHED",
        "lifecycle_stage": "active",
        "started_ms": 1_700_000_000_000 + number,
        "ended_ms": 1_700_000_000_500 + number,
    }


def _metrics(
    chunk: range, metrics: tuple[str, ...], numbers: dict[str, int], made: random.Random
) -> Columns:
    """`acc` is uniform in [0, 1], `loss` is 1 - acc with some noise, others are uniform."""
    values: list[float] = []
    for _ in chunk:
        acc = made.random()
        known = {"acc": acc, "loss": 1 - acc + made.random() / 100}
        values += [known[name] if name in known else made.random() for name in metrics]
    count = len(values)
    return {
        "run_id": [number for number in chunk for _ in metrics],
        "key_id": [numbers[name] for name in metrics] * len(chunk),
        "value": values,
        "is_nan": [False] * count,
        "step": [100] * count,
        "at_ms": [1_700_000_000_000 + number for number in chunk for _ in metrics],
    }


def _params(chunk: range, numbers: dict[str, int], made: random.Random) -> Columns:
    values = [
        value
        for number in chunk
        for value in (str(made.randrange(10)), str(made.random()), str(number))
    ]
    return _texts(chunk, [numbers[key] for key in ("depth", "lr", "seed")], values)


def _tags(chunk: range, numbers: dict[str, int], made: random.Random) -> Columns:
    values = [value for number in chunk for value in (made.choice("abc"), f"run-{number}")]
    return _texts(chunk, [numbers[key] for key in ("team", "mlflow.runName")], values)


def _texts(chunk: range, names: list[int], values: list[str]) -> Columns:
    return {
        "run_id": [number for number in chunk for _ in names],
        "key_id": names * len(chunk),
        "value": values,
        "value_prefix": values,
    }
