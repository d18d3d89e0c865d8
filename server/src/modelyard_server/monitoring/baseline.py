"""Reads training tables that users logged: JSON, CSV and Parquet, never anything executable."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_server.kernel.lazily import lazily

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_csv = lazily("pyarrow.csv")
    pa_parquet = lazily("pyarrow.parquet")


MAX_ROWS = 100_000  # grids of 128 bins do not get better with more
MAX_BYTES = 128 * 1024 * 1024
FORMATS = (".json", ".parquet", ".csv")
FOLDER = "datasets/"
PREDICTION_COLUMNS = ("prediction", "predictions", "predicted", "y_pred", "output", "score")


class UnreadableTable(ValueError):
    """A logged file is not a table we can read."""


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """The reference rows of a version: column name → values."""

    name: str
    columns: dict[str, list[Any]]


def candidates(paths: Sequence[str], chosen: str | None) -> list[str]:
    """Order the files of a run that may hold its training table, most likely first.

    `chosen` is the run's tag `modelyard.reference`; it wins alone when the file is there.
    """
    if chosen is not None and chosen in paths:
        return [chosen]
    tables = [path for path in paths if PurePosixPath(path).suffix.lower() in FORMATS]
    likely = [path for path in tables if path.startswith(FOLDER) or path.endswith(".parquet")]
    return sorted(likely, key=lambda path: (_unlikeliness(path), path))[:5]


def read_table(path: str, content: bytes) -> dict[str, list[Any]]:
    """Read a table's columns, at most `MAX_ROWS` rows evenly taken.

    Raises:
        UnreadableTable: it is not a table in the format its name claims.
    """
    suffix = PurePosixPath(path).suffix.lower()
    try:
        if suffix == ".json":
            return _json_columns(content)
        if suffix == ".parquet":
            return _arrow_columns(_read_parquet(content))
        if suffix == ".csv":
            return _arrow_columns(pa_csv.read_csv(io.BytesIO(content)))
    except (pa.ArrowException, orjson.JSONDecodeError, OSError) as error:
        raise UnreadableTable(f"{path} cannot be read: {error}") from None
    raise UnreadableTable(f"{path} is neither JSON, CSV nor Parquet.")


def split_prediction(
    columns: dict[str, list[Any]], inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[dict[str, list[Any]], list[Any] | None]:
    """Tell input columns from the prediction column.

    Without named inputs every column but the prediction is an input.
    """
    names = [n for n in (*PREDICTION_COLUMNS, *outputs) if n in columns and n not in inputs]
    prediction = columns[names[0]] if names else None
    taken = set(names[:1])
    wanted = [n for n in inputs if n in columns] if inputs else list(columns)
    return {n: columns[n] for n in wanted if n not in taken}, prediction


def _unlikeliness(path: str) -> int:
    name = path.lower()
    return 0 if "train" in name else 1 if "reference" in name else 3 if "test" in name else 2


def _json_columns(content: bytes) -> dict[str, list[Any]]:
    """Read `mlflow.log_table`'s split orientation, a list of records, or columns of lists."""
    parsed = orjson.loads(content)
    if isinstance(parsed, dict) and isinstance(parsed.get("data"), list):
        names = parsed.get("columns")
        if not isinstance(names, list):
            raise UnreadableTable("The table has data but no column names.")
        rows = _thinned(parsed["data"])
        if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
            raise UnreadableTable("A row of the table has another length than its columns.")
        return {str(name): [row[at] for row in rows] for at, name in enumerate(names)}
    if isinstance(parsed, list) and parsed and all(isinstance(row, dict) for row in parsed):
        rows = _thinned(parsed)
        return {str(name): [row.get(name) for row in rows] for name in rows[0]}
    if isinstance(parsed, dict) and all(isinstance(value, list) for value in parsed.values()):
        return {str(name): _thinned(values) for name, values in parsed.items()}
    raise UnreadableTable("The JSON file is not a table.")


def _read_parquet(content: bytes) -> pa.Table:
    """Read row groups until there are enough rows: a large file must not fill the memory."""
    file = pa_parquet.ParquetFile(io.BytesIO(content))
    step = max(1, file.metadata.num_rows // MAX_ROWS)
    batches = [
        batch.take(pa.array(range(0, batch.num_rows, step)))
        for batch in file.iter_batches(batch_size=10_000)
    ]
    return pa.Table.from_batches(batches, schema=file.schema_arrow)


def _arrow_columns(table: pa.Table) -> dict[str, list[Any]]:
    return {str(name): _thinned(table[name].to_pylist()) for name in table.column_names}


def _thinned(rows: list[Any]) -> list[Any]:
    return rows[:: max(1, -(-len(rows) // MAX_ROWS))]
