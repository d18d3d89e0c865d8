"""Arrow's stream format, read without Arrow: plain columns, lists, dictionaries, no compression.

A gateway worker and a model's environment need no Arrow library for it, which costs more memory
than a worker has.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from . import arrow_types as types
from .flatbuffers import FlatError, Record, slice_of

_CONTINUES = 0xFFFFFFFF
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
MAX_COLUMNS = 10_000
MAX_DEPTH = 8
MAX_ROWS = 1_000_000
_EMPTY = 1_000_000  # values that may be said without a bit for each


class ArrowError(ValueError):
    """The body is not a stream this module reads; `column` says where."""

    def __init__(self, problem: str, column: str | None = None) -> None:
        self.column = column
        super().__init__(problem)


@dataclass(slots=True)
class Field:
    """A column, or the values within one."""

    name: str
    kind: int
    record: Record | None
    dictionary: int | None = None
    index: types.Whole | None = None
    children: list[Field] = field(default_factory=list)


def read(body: bytes) -> dict[str, list[Any]]:
    """Give the columns of a stream.

    Raises:
        ArrowError: it is damaged, or has columns that JSON could not carry.
    """
    try:
        return _Reader(body).columns()
    except (FlatError, struct.error) as error:
        raise ArrowError(f"the body is not an Arrow stream: {error}") from None


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._left = 8 * len(body) + _EMPTY
        self._fields: list[Field] = []
        self._dictionaries: dict[int, list[Any]] = {}
        self._columns: dict[str, list[Any]] = {}
        self._rows = 0

    def columns(self) -> dict[str, list[Any]]:
        has_schema = False
        for kind, header, content in _messages(self._body):
            if kind == _SCHEMA and not has_schema:
                has_schema = True
                self._schema(header)
            elif kind == _DICTIONARY and has_schema:
                self._dictionary(header, content)
            elif kind == _BATCH and has_schema:
                self._batch(header, content)
            else:
                raise ArrowError("the body is not an Arrow stream: no schema comes first")
        if not has_schema:
            raise ArrowError("the body is not an Arrow stream: it has no schema")
        return self._columns

    def _schema(self, header: Record) -> None:
        if header.value(0, "h") != 0:
            raise ArrowError("send the stream in little endian")
        seen: list[str] = []
        self._fields = [_field(one, seen) for one in header.records(1, MAX_COLUMNS)]
        for one in self._fields:
            if one.name in self._columns:
                raise ArrowError("the column is named twice", one.name)
            self._columns[one.name] = []

    def _batch(self, header: Record, content: bytes) -> None:
        rows, parts = self._open(header, content)
        self._rows += rows
        if self._rows > MAX_ROWS:
            raise ArrowError(f"the stream has more than {MAX_ROWS} rows")
        for one in self._fields:
            values = self._values(one, parts)
            if len(values) != rows:
                raise ArrowError(f"{len(values)} values, but the batch has {rows} rows", one.name)
            self._columns[one.name] += values

    def _dictionary(self, header: Record, content: bytes) -> None:
        number = header.value(0, "q")
        found = next((one for one in _all(self._fields) if one.dictionary == number), None)
        data = header.record(1)
        if found is None or data is None:
            raise ArrowError("the stream has a dictionary for no column")
        plain = Field(found.name, found.kind, found.record, children=found.children)
        values = self._values(plain, self._open(data, content)[1])
        before = self._dictionaries.get(number, []) if header.value(2, "?", False) else []
        self._dictionaries[number] = before + values

    def _open(self, header: Record, content: bytes) -> tuple[int, _Parts]:
        if header.record(3) is not None:
            raise ArrowError("compressed streams are not read: write it without compression")
        places = header.structs(2, "qq")
        buffers = iter([slice_of(content, at, size) for at, size in places])
        extra = iter([count for (count,) in header.structs(4, "q")])
        return header.value(0, "q"), _Parts(iter(header.structs(1, "qq")), buffers, extra)

    def _values(self, one: Field, parts: _Parts) -> list[Any]:
        try:
            count = next(parts.nodes)[0]
            self._left -= count
            if count < 0 or self._left < 0:
                raise ArrowError("the stream says more values than it has bytes for", one.name)
            values = self._column(one, count, parts)
        except StopIteration:
            raise ArrowError("the stream lacks parts of the column", one.name) from None
        except (ValueError, OverflowError) as error:
            if isinstance(error, ArrowError):
                raise
            raise ArrowError(str(error), one.name) from None
        return values

    def _column(self, one: Field, count: int, parts: _Parts) -> list[Any]:
        if one.kind == types.NULL:
            return [None] * count
        valid = next(parts.buffers)
        if one.dictionary is not None:
            at = types.Whole.values(one.index or types.Whole(32, True), next(parts.buffers), count)
            values = self._looked_up(one, types.masked(at, valid))
        elif one.kind in {types.LIST, types.LARGE_LIST}:
            long = one.kind == types.LARGE_LIST
            edges = types.edges(next(parts.buffers), count, long=long)
            items = self._values(one.children[0], parts)
            values = [items[low:high] for low, high in pairwise(edges)]
            if edges and edges[-1] > len(items):
                raise ValueError("a list ends after its values")
        elif one.kind == types.FIXED_LIST:
            size = one.record.value(0, "i") if one.record is not None else 0
            items = self._values(one.children[0], parts)
            if size < 1 or len(items) < size * count:
                raise ValueError("a list ends after its values")
            values = [items[at * size : (at + 1) * size] for at in range(count)]
        elif one.kind in {types.TEXT_VIEW, types.BINARY_VIEW}:
            views = next(parts.buffers)
            blocks = list(islice(parts.buffers, max(0, next(parts.extra))))
            values = types.viewed(one.kind, views, blocks, count)
        elif one.kind in types.TEXTS:
            offsets, data = next(parts.buffers), next(parts.buffers)
            values = types.texts(one.kind, offsets, data, count)
        else:
            values = types.plain(one.kind, one.record, next(parts.buffers), count)
        return types.masked(values, valid)

    def _looked_up(self, one: Field, at: list[Any]) -> list[Any]:
        known = self._dictionaries.get(one.dictionary or 0, [])
        if any(index is not None and not 0 <= index < len(known) for index in at):
            raise ValueError("an entry is not in its dictionary")
        return [None if index is None else known[index] for index in at]


@dataclass(slots=True)
class _Parts:
    nodes: Iterator[tuple[Any, ...]]
    buffers: Iterator[bytes]
    extra: Iterator[int]


def _messages(body: bytes) -> Iterator[tuple[int, Record, bytes]]:
    at = 0
    while at < len(body):
        first = struct.unpack_from("<I", body, at)[0]
        at += 4
        if first == _CONTINUES:
            first = struct.unpack_from("<I", body, at)[0]
            at += 4
        if first == 0:
            return
        message = Record.root(slice_of(body, at, first))
        at += first
        size, header = message.value(3, "q"), message.record(2)
        if header is None:
            raise FlatError("a message has no header")
        yield message.value(1, "B"), header, slice_of(body, at, size)
        at += size


def _field(record: Record, seen: list[str], depth: int = 0) -> Field:
    name, kind = record.text(0), record.value(2, "B")
    children = record.records(5, MAX_COLUMNS)
    seen.append(name)
    if len(seen) > MAX_COLUMNS:
        raise ArrowError(f"the stream has more than {MAX_COLUMNS} columns")
    if kind not in types.READ or depth > MAX_DEPTH:
        raise ArrowError(f"columns of type {types.name_of(kind)} are not read", name)
    if kind in types.LISTS and len(children) != 1:
        raise ArrowError("a list has no values", name)
    made = Field(name, kind, record.record(3))
    coded = record.record(4)
    if coded is not None:
        made.dictionary = coded.value(0, "q")
        made.index = types.Whole.of(coded.record(1))
    made.children = [_field(child, seen, depth + 1) for child in children]
    return made


def _all(fields: list[Field]) -> Iterator[Field]:
    for one in fields:
        yield one
        yield from _all(one.children)
