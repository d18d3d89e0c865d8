"""As much of the FlatBuffers encoding as Arrow's messages need, with every offset checked."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

_I32, _U32, _U16 = struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<H")


class FlatError(ValueError):
    """The bytes are not a message."""


class Record:
    """A table: fields by number, absent ones have their default."""

    __slots__ = ("_at", "_data", "_fields", "_size")

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - number(data, at, _I32)
        self._size = number(data, self._fields, _U16)

    @classmethod
    def root(cls, data: bytes) -> Record:
        """Give the table a buffer begins with."""
        return cls(data, number(data, 0, _U32))

    def value(self, field: int, code: str, default: Any = 0) -> Any:
        """Give a number or truth value."""
        at = self._place(field)
        return number(self._data, at, struct.Struct("<" + code)) if at else default

    def record(self, field: int) -> Record | None:
        """Give a table within this one."""
        at = self._place(field)
        return Record(self._data, at + number(self._data, at, _U32)) if at else None

    def text(self, field: int) -> str:
        """Give a string."""
        at, size = self._vector(field)
        return slice_of(self._data, at, size).decode(errors="replace")

    def records(self, field: int, most: int) -> list[Record]:
        """Give a list of tables."""
        at, count = self._vector(field)
        if count > most:
            raise FlatError("a list is too long")
        places = range(at, at + 4 * count, 4)
        return [Record(self._data, place + number(self._data, place, _U32)) for place in places]

    def structs(self, field: int, code: str) -> list[tuple[Any, ...]]:
        """Give a list of structs."""
        at, count = self._vector(field)
        form = struct.Struct("<" + code)
        return list(form.iter_unpack(slice_of(self._data, at, count * form.size)))

    def _place(self, field: int) -> int:
        entry = 4 + 2 * field
        if entry + 2 > self._size:
            return 0
        offset = number(self._data, self._fields + entry, _U16)
        return self._at + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._place(field)
        if not at:
            return 0, 0
        at += number(self._data, at, _U32)
        return at + 4, number(self._data, at, _U32)


def number(data: bytes, at: int, form: struct.Struct) -> Any:
    """Read one number.

    Raises:
        FlatError: it lies outside.
    """
    if at < 0 or at + form.size > len(data):
        raise FlatError("an offset points outside of the message")
    return form.unpack_from(data, at)[0]


def slice_of(data: bytes, at: int, size: int) -> bytes:
    """Give some bytes.

    Raises:
        FlatError: they lie outside.
    """
    if at < 0 or size < 0 or at + size > len(data):
        raise FlatError("an offset points outside of the message")
    return data[at : at + size]


Write = Callable[[bytearray], int]
"""Appends something to a buffer and gives its place."""
Field = tuple[str, Any] | Write | None
"""(struct code, number), something written elsewhere, or absent."""


def finish(root: Write) -> bytes:
    """Write a buffer with one table."""
    out = bytearray(8)
    _U32.pack_into(out, 0, root(out))
    return bytes(out)


def table(*fields: Field) -> Write:
    """Describe a table by its fields in order."""

    def write(out: bytearray) -> int:
        places: list[tuple[int, Write]] = []
        inline = bytearray(4)
        offsets: list[int] = []
        for field in fields:
            if field is None:
                offsets.append(0)
                continue
            code, value = ("I", 0) if callable(field) else field
            form = struct.Struct("<" + code)
            _pad(inline, form.size)
            offsets.append(len(inline))
            if callable(field):
                places.append((len(inline), field))
            inline += form.pack(value)
        entries = struct.pack(f"<{len(offsets)}H", *offsets)
        _pad(out, 8, 4 + len(entries))
        begin = len(out)
        out += struct.pack("<HH", 4 + len(entries), len(inline)) + entries
        at = len(out)
        _I32.pack_into(inline, 0, at - begin)
        out += inline
        _refer(out, [(at + place, child) for place, child in places])
        return at

    return write


def string(text: str) -> Write:
    """Describe a string."""
    encoded = text.encode()

    def write(out: bytearray) -> int:
        _pad(out, 4)
        at = len(out)
        out += _U32.pack(len(encoded)) + encoded + b"\0"
        return at

    return write


def vector(*children: Write) -> Write:
    """Describe a list of tables."""

    def write(out: bytearray) -> int:
        _pad(out, 4)
        at = len(out)
        out += _U32.pack(len(children)) + bytes(4 * len(children))
        _refer(out, [(at + 4 + 4 * index, child) for index, child in enumerate(children)])
        return at

    return write


def structs(code: str, rows: Sequence[tuple[int, ...]]) -> Write:
    """Describe a list of structs of 8-byte numbers."""
    form = struct.Struct("<" + code)

    def write(out: bytearray) -> int:
        _pad(out, 8, 4)
        at = len(out)
        out += _U32.pack(len(rows)) + b"".join(form.pack(*row) for row in rows)
        return at

    return write


def _refer(out: bytearray, places: list[tuple[int, Write]]) -> None:
    for place, child in places:
        target = child(out)
        _U32.pack_into(out, place, target - place)


def _pad(out: bytearray, size: int, before: int = 0) -> None:
    out += bytes(-(len(out) + before) % size)
