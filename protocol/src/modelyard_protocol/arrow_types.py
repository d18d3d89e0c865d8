"""Arrow's column types as plain JSON values: what their buffers mean."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .binary import BinaryError, text
from .flatbuffers import Record

NULL, INT, FLOAT, BINARY, TEXT, BOOL, DATE, TIMESTAMP = 1, 2, 3, 4, 5, 6, 8, 10
LIST, FIXED_LIST, LARGE_BINARY, LARGE_TEXT, LARGE_LIST = 12, 16, 19, 20, 21
BINARY_VIEW, TEXT_VIEW = 23, 24
TEXTS = frozenset({BINARY, TEXT, LARGE_BINARY, LARGE_TEXT})
LISTS = frozenset({LIST, FIXED_LIST, LARGE_LIST})
READ = TEXTS | LISTS | {NULL, INT, FLOAT, BOOL, DATE, TIMESTAMP, BINARY_VIEW, TEXT_VIEW}
_NAMES = {
    7: "decimal", 9: "time", 11: "interval", 13: "struct", 14: "union",
    15: "fixed-size binary", 17: "map", 18: "duration", 22: "run-end encoded",
}  # fmt: skip
_BYTES = frozenset({BINARY, LARGE_BINARY, BINARY_VIEW})
_FLOATS = {0: ("e", 2), 1: ("f", 4), 2: ("d", 8)}
_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)  # of a timestamp, in a second
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - Arrow's timestamps without a zone have none
_INLINE = 12  # bytes of a text that stands in its view
_MAX_VIEWED = 64 * 1024 * 1024  # views may show the same bytes again and again
_SHORT = "the column has fewer bytes than values"


@dataclass(frozen=True, slots=True)
class Whole:
    """A kind of whole numbers."""

    bits: int
    is_signed: bool

    @classmethod
    def of(cls, record: Record | None) -> Whole:
        """Read it from the schema."""
        return cls(record.value(0, "i"), record.value(1, "?", False)) if record else cls(32, True)

    def values(self, data: bytes, count: int) -> list[int]:
        """Give the numbers of a buffer."""
        code = {8: "b", 16: "h", 32: "i", 64: "q"}.get(self.bits)
        if code is None:
            raise ValueError(f"whole numbers of {self.bits} bits are not read")
        return _numbers(data, code if self.is_signed else code.upper(), self.bits // 8, count)


def name_of(kind: int) -> str:
    """Name a type that is not read."""
    return _NAMES.get(kind, f"number {kind}")


def plain(kind: int, record: Record | None, data: bytes, count: int) -> list[Any]:
    """Give the values of a column with one buffer."""
    if kind == BOOL:
        return _bits(data, count)
    if kind == INT:
        return list(Whole.of(record).values(data, count))
    if kind == FLOAT:
        code, size = _FLOATS.get(record.value(0, "h") if record else 0, ("d", 8))
        return _numbers(data, code, size, count)
    if kind == DATE:
        is_day = record is not None and record.value(0, "h", 1) == 0
        days = _numbers(data, "i" if is_day else "q", 4 if is_day else 8, count)
        return [_moment(day * 86400 if is_day else day / 1000)[:10] for day in days]
    unit = _UNITS[min(3, max(0, record.value(0, "h")))] if record else 1
    zone = "+00:00" if record is not None and record.text(1) else ""
    return [
        _moment(at * 1_000_000 // unit / 1_000_000) + zone for at in _numbers(data, "q", 8, count)
    ]


def texts(kind: int, offsets: bytes, data: bytes, count: int) -> list[str]:
    """Give the texts of a column; bytes are base64."""
    places = edges(offsets, count, long=kind in {LARGE_TEXT, LARGE_BINARY})
    if places and places[-1] > len(data):
        raise ValueError("a text ends after the data")
    as_base64 = kind in _BYTES
    pairs = pairwise(places)
    return [_text(data[low:high], as_base64) for low, high in pairs]


def viewed(kind: int, views: bytes, blocks: list[bytes], count: int) -> list[str]:
    """Give the texts of a column of views."""
    if len(views) < 16 * count:
        raise ValueError(_SHORT)
    found: list[str] = []
    held = 0
    for at in range(0, 16 * count, 16):
        size, _, block, offset = struct.unpack_from("<iIii", views, at)
        if 0 <= size <= _INLINE:
            raw = views[at + 4 : at + 4 + size]
        elif 0 <= block < len(blocks) and 0 <= size <= len(blocks[block]) - max(0, offset):
            raw = blocks[block][max(0, offset) : max(0, offset) + size]
        else:
            raise ValueError("a text lies outside of the data")
        held += len(raw)
        if held > _MAX_VIEWED:
            raise ValueError("the texts of the column are too long")
        found.append(_text(raw, kind in _BYTES))
    return found


def edges(data: bytes, count: int, *, long: bool) -> list[int]:
    """Give where each entry begins, and where the last one ends."""
    if count == 0:
        return []
    found = _numbers(data, "q" if long else "i", 8 if long else 4, count + 1)
    if found[0] < 0 or any(high < low for low, high in pairwise(found)):
        raise ValueError("the offsets of the column go backwards")
    return found


def masked(values: list[Any], valid: bytes) -> list[Any]:
    """Put None where a column has no value."""
    if not valid:
        return values
    bits = _bits(valid, len(values))
    if all(bits):
        return values
    return [value if bit else None for value, bit in zip(values, bits, strict=True)]


def _numbers(data: bytes, code: str, size: int, count: int) -> list[Any]:
    if len(data) < size * count:
        raise ValueError(_SHORT)
    return list(struct.unpack_from(f"<{count}{code}", data))


def _bits(data: bytes, count: int) -> list[bool]:
    if len(data) * 8 < count:
        raise ValueError(_SHORT)
    number = int.from_bytes(data[: (count + 7) // 8], "little")
    return [bit == "1" for bit in bin(number | 1 << count)[:2:-1]][:count]


def _moment(seconds: float) -> str:
    return (_EPOCH + dt.timedelta(seconds=seconds)).isoformat()


def _text(raw: bytes, as_base64: bool) -> str:
    try:
        return text(raw, as_base64=as_base64)
    except BinaryError as error:
        raise ValueError(str(error)) from None
