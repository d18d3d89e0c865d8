"""Tensors as bytes: the binary extension of the Open Inference Protocol, little endian."""

from __future__ import annotations

import base64
import struct
from typing import Any

CODES = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
DATATYPES = frozenset({"BYTES", *CODES})
_SIZE = struct.Struct("<I")


class BinaryError(ValueError):
    """The bytes are not the tensor they are said to be."""


def unpack(raw: bytes, datatype: str, count: int, *, as_base64: bool = False) -> list[Any]:
    """Give the values of a tensor; those of BYTES are texts, or base64 where a model takes bytes.

    Raises:
        BinaryError: there are more or fewer bytes than values.
    """
    if datatype == "BYTES":
        return _elements(raw, count, as_base64)
    code = CODES[datatype]
    size = struct.calcsize(f"<{code}") * count
    if len(raw) != size:
        raise BinaryError(f"{count} values of {datatype} have {size} bytes, got {len(raw)}")
    return list(struct.unpack(f"<{count}{code}", raw))


def pack(values: list[Any], datatype: str) -> bytes:
    """Write the values of a tensor; a missing number is NaN."""
    if datatype == "BYTES":
        parts = []
        for value in values:
            encoded = value.encode() if isinstance(value, str) else bytes(value)
            parts.append(_SIZE.pack(len(encoded)) + encoded)
        return b"".join(parts)
    code = CODES[datatype]
    if code in "efd":
        values = [float("nan") if value is None else value for value in values]
    return struct.pack(f"<{len(values)}{code}", *values)


def text(raw: bytes, *, as_base64: bool) -> str:
    """Read one element as JSON would have carried it.

    Raises:
        BinaryError: it is not UTF-8 text.
    """
    if as_base64:
        return base64.b64encode(raw).decode()
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BinaryError(f"a text is not UTF-8 at byte {error.start}") from None


def _elements(raw: bytes, count: int, as_base64: bool) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(raw) and len(found) < count:
        if at + 4 > len(raw):
            raise BinaryError("a text has no whole length before it")
        size = _SIZE.unpack_from(raw, at)[0]
        at += 4
        if at + size > len(raw):
            raise BinaryError(f"a text of {size} bytes ends after the data")
        found.append(text(raw[at : at + size], as_base64=as_base64))
        at += size
    if len(found) != count or at != len(raw):
        raise BinaryError(f"expected {count} texts in {len(raw)} bytes")
    return found
