"""Reads the fields of a protobuf message in a file, stepping over what is not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 2_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Where the bytes of a field lie in the file."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


def fields(file: BinaryIO, span: Span) -> Iterator[tuple[int, int | Span]]:
    """Give each field's number with its value, or with where its bytes lie.

    Raises:
        ValueError: the bytes are no message.
    """
    position, count = span.start, 0
    while position < span.end:
        count += 1
        if count > MAX_FIELDS:
            raise ValueError("too many fields")
        file.seek(position)
        key = _varint(file)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field has no number")
        if wire == _VARINT:
            value = _varint(file)
            position = file.tell()
            yield number, value
        elif wire == _BYTES:
            length = _varint(file)
            found = Span(file.tell(), length)
            if found.end > span.end:
                raise ValueError("a field is longer than its message")
            position = found.end
            yield number, found
        elif wire in {_FIXED64, _FIXED32}:
            position = file.tell() + (8 if wire == _FIXED64 else 4)
            if position > span.end:
                raise ValueError("a field is longer than its message")
            yield number, 0
        else:
            raise ValueError("a field has an unknown kind")
    if position != span.end:
        raise ValueError("the message is cut off")


def spans(found: list[tuple[int, int | Span]], number: int) -> list[Span]:
    """Give where the messages and texts of one field lie."""
    return [value for key, value in found if key == number and isinstance(value, Span)]


def text(file: BinaryIO, span: Span, limit: int = 4096) -> str:
    """Read a short string field."""
    file.seek(span.start)
    return file.read(min(span.length, limit)).decode("utf-8", "replace")


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise ValueError("it ends early")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number is too long")
