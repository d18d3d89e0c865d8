"""A page of rows from a Parquet, CSV or TSV file that a user logged, as text with types.

The file is never trusted: what is read is bounded in rows, columns, characters and bytes, and a
Parquet file whose parts would grow large in memory is refused before they are unpacked.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from .errors import TableRefused

MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 500, 200, 400
MOST_SCANNED = 64 * 1024 * 1024  # bytes of a CSV file that are looked through for a page
MOST_UNPACKED = 256 * 1024 * 1024  # bytes of one group of rows in a Parquet file
_SEPARATORS = {"csv": ",", "tsv": "\t"}
KINDS = frozenset({*_SEPARATORS, "parquet"})
Cell = str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `is_number` decides how it is lined up."""

    name: str
    type: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class TablePage:
    """Some rows. `total_rows` is `None` when they were not counted to the end."""

    columns: list[Column]
    rows: list[list[Cell]]
    offset: int
    total_rows: int | None
    hidden_columns: int


def kind_of(path: str) -> str | None:
    """Tell what kind of table a path's ending names, if any."""
    ending = path.rpartition(".")[2].lower()
    return ending if ending in KINDS else None


def page(stream: BinaryIO, kind: str, *, offset: int, limit: int) -> TablePage:
    """Read rows `offset` to `offset + limit`.

    Raises:
        TableRefused: it is no such table, or too large to be looked at here.
    """
    limit = min(limit, MOST_ROWS)
    if kind == "parquet":
        return _parquet(stream, offset, limit)
    return _separated(stream, _SEPARATORS[kind], offset, limit)


def _parquet(stream: BinaryIO, offset: int, limit: int) -> TablePage:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(stream)
        names = file.schema_arrow.names[:MOST_COLUMNS]
        groups = list(_groups(file.metadata, offset, limit))
        rows: list[list[Cell]] = []
        skipped = offset - (groups[0][1] if groups else 0)
        batches = file.iter_batches(1024, [n for n, _ in groups], names) if groups else iter(())
        for batch in batches:
            wanted = batch.slice(skipped, limit - len(rows))
            skipped = max(skipped - batch.num_rows, 0)
            rows += [[_text(v) for v in row.values()] for row in wanted.to_pylist()]
            if len(rows) >= limit:
                break
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableRefused(f"The file cannot be read as Parquet: {str(error)[:200]}") from None
    fields = [file.schema_arrow.field(name) for name in names]
    columns = [Column(f.name, str(f.type), _is_number(f.type)) for f in fields]
    hidden = len(file.schema_arrow.names) - len(names)
    return TablePage(columns, rows, offset, file.metadata.num_rows, hidden)


def _groups(metadata: Any, offset: int, limit: int) -> Iterator[tuple[int, int]]:
    """Give the groups of rows that hold the page: number and first row."""
    first = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        if first + group.num_rows > offset and first < offset + limit:
            if group.total_byte_size > MOST_UNPACKED:
                raise TableRefused(
                    f"Its rows are stored in groups of {group.total_byte_size} bytes, too large "
                    "to be shown here. Download it instead."
                )
            yield number, first
        first += group.num_rows


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _text(value: object) -> Cell:
    if value is None:
        return None
    if isinstance(value, bytes):
        shown = value[: MOST_CHARACTERS // 2].hex()
    elif isinstance(value, float) and math.isnan(value):
        shown = "NaN"
    elif isinstance(value, dt.datetime):
        shown = value.isoformat(sep=" ")
    else:
        shown = str(value)
    return shown if len(shown) <= MOST_CHARACTERS else shown[: MOST_CHARACTERS - 1] + "…"


class _Bounded(io.RawIOBase):
    """The first bytes of a stream; remembers whether there were more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._left = stream, MOST_SCANNED
        self.is_cut = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read = self._stream.read(min(len(buffer), self._left))
        self.is_cut = self.is_cut or (not read and self._left == 0 and bool(self._stream.read(1)))
        self._left -= len(read)
        buffer[: len(read)] = read
        return len(read)


def _separated(stream: BinaryIO, separator: str, offset: int, limit: int) -> TablePage:
    bounded = _Bounded(stream)
    text = io.TextIOWrapper(
        io.BufferedReader(bounded, 1 << 16), "utf-8-sig", errors="replace", newline=""
    )
    try:
        lines = csv.reader(text, delimiter=separator)
        header = next(lines, [])
        found = list(itertools.islice(lines, offset, offset + limit))
        after = sum(1 for _ in lines)
    except csv.Error as error:
        raise TableRefused(f"The file cannot be read as a table: {error}") from None
    total = None if bounded.is_cut else offset + len(found) + after if found else None
    width = min(len(header), MOST_COLUMNS)
    rows = [[_shown(cell) for cell in _padded(line, width)] for line in found]
    columns = [
        _column(name, [row[place] for row in rows]) for place, name in enumerate(header[:width])
    ]
    return TablePage(columns, rows, offset, total, len(header) - width)


def _padded(line: Sequence[str], width: int) -> list[str]:
    return [*line[:width], *[""] * (width - len(line))]


def _shown(cell: str) -> Cell:
    return None if cell == "" else _text(cell)


def _column(name: str, cells: Iterable[Cell]) -> Column:
    """Guess a type from the page's values: a CSV file says none."""
    given = [cell for cell in cells if cell is not None]
    for kind, reads in (("integer", int), ("number", float)):
        if given and all(_reads(reads, cell) for cell in given):
            return Column(name, kind, is_number=True)
    if given and {cell.lower() for cell in given} <= {"true", "false"}:
        return Column(name, "boolean", is_number=False)
    return Column(name, "text" if given else "empty", is_number=False)


def _reads(reader: Any, cell: str) -> bool:
    try:
        reader(cell)
    except ValueError:
        return False
    return "_" not in cell
