"""NumPy's `.npy` format, read and written without NumPy; pickled objects are never read."""

from __future__ import annotations

import ast
import math
import struct
from dataclasses import dataclass
from typing import Any

from .tensors import nest

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 64 * 1024
_CODES = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I",
    "u8": "Q", "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip


class NpyError(ValueError):
    """The bytes are not an array this module reads."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the values."""

    shape: tuple[int, ...]
    descr: Any
    """A type like `<f8`, or (name, type) per column of a structured array."""
    is_fortran: bool
    offset: int
    """Of the first value."""

    @property
    def count(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


def read_header(body: bytes) -> Header:
    """Read shape and type.

    Raises:
        NpyError: there is no header.
    """
    if body[:6] != _MAGIC or len(body) < 12:
        raise NpyError("the body does not begin like an .npy file")
    long = body[6] >= 2
    begin = 12 if long else 10
    size = struct.unpack_from("<I" if long else "<H", body, 8)[0]
    if size > _MAX_HEADER or begin + size > len(body):
        raise NpyError("the .npy header is cut off or too long")
    try:
        facts = ast.literal_eval(body[begin : begin + size].decode("utf-8").strip())
        shape, descr = facts["shape"], facts["descr"]
        is_fortran = bool(facts["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise NpyError("the .npy header cannot be read") from None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise NpyError("the .npy header has no shape")
    if not shape:
        raise NpyError("the array has no rows: send at least one dimension")
    return Header(shape, descr, is_fortran, begin + size)


def read(body: bytes) -> tuple[Header, Any]:
    """Give header and content: rows as nested lists, or columns by name of a structured array.

    Raises:
        NpyError: it is damaged, or holds Python objects.
    """
    header = read_header(body)
    raw = body[header.offset :]
    if isinstance(header.descr, list):
        return header, _structured(header, raw)
    values = _values(header.descr, raw, header.count)
    if header.is_fortran and len(header.shape) > 1:
        if len(header.shape) > 2:
            raise NpyError("send arrays of more than two dimensions in C order")
        rows = header.shape[0]
        return header, [values[at::rows] for at in range(rows)]
    return header, nest(values, list(header.shape))


def write(values: list[Any], shape: list[int]) -> bytes:
    """Write numbers, truth values or texts, given row by row; a missing number is NaN.

    Raises:
        NpyError: they are of several kinds.
    """
    kinds = set(map(type, values))
    if kinds == {bool}:
        descr, raw = "|b1", struct.pack(f"<{len(values)}?", *values)
    elif kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        descr, raw = "<i8", struct.pack(f"<{len(values)}q", *values)
    elif kinds <= {int, float, type(None)}:
        numbers = [math.nan if value is None else float(value) for value in values]
        descr, raw = "<f8", struct.pack(f"<{len(values)}d", *numbers)
    elif kinds == {str}:
        width = max(1, *map(len, values))
        descr = f"<U{width}"
        raw = b"".join(value.encode("utf-32-le").ljust(4 * width, b"\0") for value in values)
    else:
        raise NpyError("the values are of several kinds")
    return _head(descr, shape) + raw


def _head(descr: str, shape: list[int]) -> bytes:
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}"
    space = -(len(_MAGIC) + 4 + len(text) + 1) % 64
    text += " " * space + "\n"
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1")


def _values(descr: Any, raw: bytes, count: int) -> list[Any]:
    order, code, size = _type(descr)
    if size * count != len(raw):
        raise NpyError(f"{count} values have {size * count} bytes, got {len(raw)}")
    if code in {"U", "S"}:
        cells = [raw[at : at + size] for at in range(0, len(raw), size)] if size else [b""] * count
        return [_text(cell, code, order) for cell in cells]
    return list(struct.unpack(f"{order}{count}{code}", raw))


def _structured(header: Header, raw: bytes) -> dict[str, list[Any]]:
    if len(header.shape) != 1:
        raise NpyError("a structured array must have one dimension")
    names: list[str] = []
    types: list[tuple[str, str, int]] = []
    for entry in header.descr:
        sound = isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)
        if not sound or entry[0] in names:
            raise NpyError("a structured array must have one plain value per named column")
        names.append(entry[0])
        types.append(_type(entry[1]))
    width = sum(size for _, _, size in types)
    if not names or width * header.count != len(raw):
        raise NpyError(f"{header.count} rows have {width * header.count} bytes, got {len(raw)}")
    columns: dict[str, list[Any]] = {}
    at = 0
    for name, (order, code, size) in zip(names, types, strict=True):
        cells = [raw[row + at : row + at + size] for row in range(0, len(raw), width)]
        if code in {"U", "S"}:
            columns[name] = [_text(cell, code, order) for cell in cells]
        else:
            columns[name] = [
                value for (value,) in struct.iter_unpack(order + code, b"".join(cells))
            ]
        at += size
    return columns


def _type(descr: Any) -> tuple[str, str, int]:
    """Give (byte order, struct's code or U or S, bytes)."""
    name = descr if isinstance(descr, str) else ""
    order, kind = (">" if name[:1] == ">" else "<"), name[1:]
    if name[:1] in {"<", ">", "|", "="} and kind in _CODES:
        return order, _CODES[kind], struct.calcsize(f"<{_CODES[kind]}")
    if kind[:1] in {"U", "S"} and kind[1:].isdigit() and len(kind) < 8:
        return order, kind[0], int(kind[1:]) * (4 if kind[0] == "U" else 1)
    raise NpyError(f"arrays of type {str(descr)[:40]!r} are not read, only numbers and texts")


def _text(cell: bytes, code: str, order: str) -> str:
    try:
        if code == "U":
            return cell.decode("utf-32-be" if order == ">" else "utf-32-le").rstrip("\0")
        return cell.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise NpyError("a text of the array cannot be read") from None
