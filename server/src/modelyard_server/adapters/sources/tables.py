"""CSV and Parquet files on disk, read part by part in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel.lazily import lazily
from modelyard_server.monitoring.errors import OutcomeSourceRefused
from modelyard_server.monitoring.outcome_source_schemas import (
    LONGEST_EXAMPLE,
    MOST_ROWS,
    PART_ROWS,
    SHOWN_COLUMNS,
    OutcomeColumns,
    SourceColumn,
)

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_csv = lazily("pyarrow.csv")
    pa_parquet = lazily("pyarrow.parquet")

_MOST_GROUP_BYTES = 512 * 2**20  # a row group is decoded at once
_MAGIC = b"PAR1"
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def columns_of(file: Path) -> list[SourceColumn]:
    """Give a file's columns with their first value.

    Raises:
        OutcomeSourceRefused: it is neither CSV nor Parquet.
    """
    try:
        batches = _batches(file, None)
        first = next(batches, None)
        schema = first.schema if first is not None else _schema(file)
        row = first.slice(0, 1).to_pylist()[0] if first is not None and first.num_rows else {}
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error) from None
    return [
        SourceColumn(name=field.name, type=str(field.type), example=_shown(row.get(field.name)))
        for field in list(schema)[:SHOWN_COLUMNS]
    ]


def parts(file: Path, columns: OutcomeColumns, skip: int) -> Iterator[list[dict[str, Any]]]:
    """Give a file's rows in parts, after the first `skip`.

    Raises:
        OutcomeSourceRefused: it cannot be read as a table, or lacks a column.
    """
    mapped = columns.named()
    part: list[dict[str, Any]] = []
    seen = 0
    try:
        _judge(_schema(file).names, mapped)
        is_text = not _is_parquet(file)
        for batch in _batches(file, list(dict.fromkeys(mapped.values()))):
            left = batch.slice(max(0, skip - seen))
            seen += batch.num_rows
            if seen > MOST_ROWS:
                raise OutcomeSourceRefused(
                    f"The file has more than {MOST_ROWS:,} rows. Write newer ones into another "
                    f"file, or pull from a database."
                )
            for row in left.to_pylist():
                part.append(_mapped(row, mapped, is_text=is_text))
                if len(part) == PART_ROWS:
                    yield part
                    part = []
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(error) from None
    if part:
        yield part


def _mapped(row: dict[str, Any], mapped: dict[str, str], *, is_text: bool) -> dict[str, Any]:
    found = {name: row[source] for name, source in mapped.items()}
    if is_text:
        found["value"] = _cell(found["value"])
    return found


def _cell(text: str) -> bool | int | float | str | None:
    """Read a cell of a CSV file as what it looks like."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text or None


def _judge(names: list[str], mapped: dict[str, str]) -> None:
    missing = sorted(set(mapped.values()) - set(names))
    if missing:
        there = ", ".join(names[:20])
        raise OutcomeSourceRefused(f"The file has no column {missing[0]}. It has: {there}.")


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as content:
        return content.read(4) == _MAGIC


def _schema(file: Path) -> pa.Schema:
    if _is_parquet(file):
        return pa_parquet.ParquetFile(file).schema_arrow
    with pa_csv.open_csv(file) as reader:
        return reader.schema


def _batches(file: Path, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    if _is_parquet(file):
        whole = pa_parquet.ParquetFile(file)
        for number in range(whole.metadata.num_row_groups):
            if whole.metadata.row_group(number).total_byte_size > _MOST_GROUP_BYTES:
                raise OutcomeSourceRefused(
                    "A row group of the file is larger than 512 MiB: write smaller ones."
                )
        yield from whole.iter_batches(batch_size=PART_ROWS, columns=columns)
        return
    names = columns if columns is not None else _schema(file).names
    options = pa_csv.ConvertOptions(
        include_columns=names, column_types={name: pa.string() for name in names}
    )
    with pa_csv.open_csv(file, convert_options=options) as reader:
        yield from reader


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:LONGEST_EXAMPLE]


def _unreadable(error: Exception) -> OutcomeSourceRefused:
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return OutcomeSourceRefused(f"It is neither CSV nor Parquet that can be read: {said}")
