"""Rows of a file, part by part: with constant memory, from wherever the last part ended."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import decimal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import orjson

from modelyard_protocol.package import Column, Signature
from modelyard_protocol.values import from_text, number_from_text
from modelyard_server.kernel.lazily import lazily

from .models import Format

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_parquet = lazily("pyarrow.parquet")

MAX_LINE = 1024 * 1024
PART_ROWS = 1000
PART_BYTES = 512 * 1024  # of JSON: what is captured of a call
_DELIMITERS = ",;\t"


class Unreadable(ValueError):
    """The file cannot be read further; the text says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `content` is the JSON that is sent to the model, empty when there is a problem."""

    number: int
    values: Any
    content: bytes = b""
    problem: str | None = None
    column: str | None = None


class Reader(Protocol):
    """Reads one file."""

    columns: list[str]
    """Known after opening, or after the first part."""

    def part(self) -> list[Row]:
        """Give the next rows; none at the end.

        Raises:
            Unreadable: the file is damaged here.
        """
        ...

    def position(self) -> dict[str, Any]:
        """Tell where the next part begins."""
        ...

    def progress(self) -> float:
        """Give the share that was read."""
        ...


def open_file(
    kind: Format, stream: BinaryIO, size: int, signature: Signature, at: dict[str, Any]
) -> Reader:
    """Open a file at a position; an empty one is its beginning.

    Raises:
        Unreadable: it is no such file, or lacks a column the model needs.
    """
    form = _Form(signature)
    if kind == Format.csv:
        return _Csv(stream, size, form, at)
    if kind == Format.jsonl:
        return _JsonLines(stream, size, form, at)
    return _Parquet(stream, form, at)


class _Form:
    """What rows must look like for the model."""

    def __init__(self, signature: Signature) -> None:
        self.is_tensor = signature.is_tensor
        self._columns: dict[str, Column] = (
            {} if signature.is_tensor else {column.name: column for column in signature.inputs}
        )
        self._required = [name for name, column in self._columns.items() if column.required]

    def check_columns(self, names: list[str]) -> None:
        """Refuse a file without a column the model needs."""
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Unreadable(f"The column {twice!r} is named twice.")
        missing = [name for name in self._required if name not in names]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise Unreadable(f"The file has no column {missing[0]!r}{more}, which the model needs.")

    def of_cells(self, number: int, names: list[str], cells: list[str]) -> Row:
        """Make a row of texts."""
        if len(cells) != len(names):
            return Row(number, cells, problem=f"expected {len(names)} cells, got {len(cells)}")
        if any("\udc80" <= sign <= "\udcff" for cell in cells for sign in cell):
            shown = [cell.encode("utf-8", "replace").decode() for cell in cells]
            return Row(number, dict(zip(names, shown, strict=True)), problem="it is not UTF-8")
        values: dict[str, Any] = {}
        for name, cell in zip(names, cells, strict=True):
            column = self._columns.get(name)
            if column is not None:
                values[name] = from_text(cell, column)
            else:
                values[name] = number_from_text(cell.strip()) if cell.strip() else None
        return self.of_values(number, values)

    def of_values(self, number: int, values: Any) -> Row:
        """Make a row of JSON values."""
        if self.is_tensor:
            sent = list(values.values()) if isinstance(values, dict) else values
        elif not isinstance(values, dict):
            return Row(number, values, problem="expected an object with one value per column")
        else:
            lacking = next((name for name in self._required if values.get(name) is None), None)
            if lacking is not None:
                return Row(number, values, problem="a value is required", column=lacking)
            known = self._columns
            sent = {n: v for n, v in values.items() if n in known} if known else values
        try:
            return Row(number, values, orjson.dumps(sent, default=_plain))
        except (orjson.JSONEncodeError, ValueError) as error:
            return Row(number, None, problem=f"a value cannot be sent: {error}"[:300])


class _Lines:
    """The lines of a file, with the place behind the last one that was given."""

    def __init__(self, stream: BinaryIO, at: int) -> None:
        stream.seek(at)
        self._stream = stream
        self.at = at

    def __iter__(self) -> Iterator[str]:
        while line := self.next():
            yield line.decode("utf-8", "surrogateescape")

    def next(self) -> bytes:
        """Give the next line with its end; nothing at the end of the file."""
        line = self._stream.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise Unreadable(f"A line from byte {self.at} on has more than {MAX_LINE} bytes.")
        if self.at == 0 and line.startswith(b"\xef\xbb\xbf"):
            self.at = 3
            line = line[3:]
        self.at += len(line)
        return line


class _Csv:
    def __init__(self, stream: BinaryIO, size: int, form: _Form, at: dict[str, Any]) -> None:
        self._size, self._form = max(1, size), form
        lines = _Lines(stream, 0)
        first = lines.next().decode("utf-8", "replace")
        counts = {sign: first.count(sign) for sign in _DELIMITERS}
        self._delimiter = (
            max(counts, key=lambda sign: counts[sign]) if any(counts.values()) else ","
        )
        lines = _Lines(stream, 0)
        self.columns = next(self._records(lines), [])
        if not self.columns:
            raise Unreadable("The file is empty.")
        if not form.is_tensor:
            form.check_columns(self.columns)
        self._lines = _Lines(stream, int(at.get("byte", lines.at)))
        self._number = int(at.get("row", 0))
        self._rows = self._records(self._lines)

    def _records(self, lines: _Lines) -> Iterator[list[str]]:
        try:
            yield from csv.reader(lines, delimiter=self._delimiter, strict=True)
        except csv.Error as error:
            raise Unreadable(f"The CSV is damaged before byte {lines.at}: {error}") from None

    def part(self) -> list[Row]:
        rows: list[Row] = []
        held = 0
        while len(rows) < PART_ROWS and held < PART_BYTES:
            cells = next(self._rows, None)
            if cells is None:
                break
            if not cells:
                continue  # an empty line
            self._number += 1
            rows.append(self._form.of_cells(self._number, self.columns, cells))
            held += len(rows[-1].content)
        return rows

    def position(self) -> dict[str, Any]:
        return {"byte": self._lines.at, "row": self._number}

    def progress(self) -> float:
        return min(1.0, self._lines.at / self._size)


class _JsonLines:
    def __init__(self, stream: BinaryIO, size: int, form: _Form, at: dict[str, Any]) -> None:
        self._size, self._form = max(1, size), form
        self._lines = _Lines(stream, int(at.get("byte", 0)))
        self._number = int(at.get("row", 0))
        self.columns: list[str] = []

    def part(self) -> list[Row]:
        rows: list[Row] = []
        held = 0
        while len(rows) < PART_ROWS and held < PART_BYTES:
            line = self._lines.next()
            if not line:
                break
            if not line.strip():
                continue
            self._number += 1
            rows.append(self._row(line))
            held += len(rows[-1].content)
        return rows

    def _row(self, line: bytes) -> Row:
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            shown = line[:500].decode("utf-8", "replace").rstrip()
            return Row(self._number, shown, problem=f"the line is not JSON: {error}")
        if not self.columns and isinstance(values, dict):
            self.columns = list(values)
        return self._form.of_values(self._number, values)

    def position(self) -> dict[str, Any]:
        return {"byte": self._lines.at, "row": self._number}

    def progress(self) -> float:
        return min(1.0, self._lines.at / self._size)


class _Parquet:
    def __init__(self, stream: BinaryIO, form: _Form, at: dict[str, Any]) -> None:
        self._form = form
        try:
            self._file = pa_parquet.ParquetFile(stream)
        except (pa.ArrowException, OSError) as error:
            raise Unreadable(f"It is not a Parquet file: {_first(error)}") from None
        self.columns = list(self._file.schema_arrow.names)
        if not form.is_tensor:
            form.check_columns(self.columns)
        self._group = int(at.get("group", 0))
        self._within = int(at.get("within", 0))
        self._number = int(at.get("row", 0))
        self._batches = self._from(self._group, self._within)
        self._kept: list[dict[str, Any]] = []

    def part(self) -> list[Row]:
        rows: list[Row] = []
        held = 0
        try:
            while len(rows) < PART_ROWS and held < PART_BYTES:
                found = next(self._batches, None)
                if found is None:
                    break
                self._group, self._within, values = found
                self._number += 1
                rows.append(self._form.of_values(self._number, values))
                held += len(rows[-1].content)
        except (pa.ArrowException, OSError) as error:
            raise Unreadable(f"The Parquet file is damaged: {_first(error)}") from None
        return rows

    def _from(self, group: int, within: int) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Give each row with the place behind it."""
        for at in range(group, self._file.num_row_groups):
            seen = 0
            for batch in self._file.iter_batches(PART_ROWS, row_groups=[at]):
                before, seen = seen, seen + batch.num_rows
                if at == group and seen <= within:
                    continue
                skipped = max(0, within - before) if at == group else 0
                for offset, values in enumerate(batch.slice(skipped).to_pylist()):
                    yield at, before + skipped + offset + 1, values

    def position(self) -> dict[str, Any]:
        return {"group": self._group, "within": self._within, "row": self._number}

    def progress(self) -> float:
        rows: int = self._file.metadata.num_rows
        return min(1.0, self._number / max(1, rows))


def _first(error: Exception) -> str:
    return (str(error).splitlines() or ["unknown"])[0][:200]


def _plain(value: Any) -> Any:
    """Write what JSON has no word for."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    raise ValueError(f"values of type {type(value).__name__} are not read")
