"""Writes predictions as an Arrow stream of one batch."""

from __future__ import annotations

import struct
from typing import Any

import orjson

from .arrow_types import BOOL, FIXED_LIST, FLOAT, INT, TEXT
from .flatbuffers import Field, Write, finish, string, structs, table, vector

_V5 = ("h", 4)
_SCHEMA, _BATCH = 1, 3
_END = struct.pack("<II", 0xFFFFFFFF, 0)


def write(columns: dict[str, list[Any]], rows: int) -> bytes:
    """Write columns of numbers, truth values, texts or equal lists of numbers.

    Anything else is written as JSON text.
    """
    parts = [_Column(name, values) for name, values in columns.items()]
    nodes = [node for part in parts for node in part.nodes]
    body, places = bytearray(), []
    for buffer in [buffer for part in parts for buffer in part.buffers]:
        places.append((len(body), len(buffer)))
        body += buffer + bytes(-len(buffer) % 8)
    schema = table(("h", 0), vector(*(part.field for part in parts)))
    batch = table(("q", rows), structs("qq", nodes), structs("qq", places))
    return _message(_SCHEMA, schema, b"") + _message(_BATCH, batch, bytes(body)) + _END


def _message(kind: int, header: Write, body: bytes) -> bytes:
    facts = finish(table(_V5, ("B", kind), header, ("q", len(body))))
    facts += bytes(-len(facts) % 8)
    return struct.pack("<II", 0xFFFFFFFF, len(facts)) + facts + body


class _Column:
    def __init__(self, name: str, values: list[Any]) -> None:
        self.nodes = [(len(values), sum(value is None for value in values))]
        self.buffers = [_validity(values)]
        width = _width(values)
        child: _Column | None = None
        if width:
            child = _Column("item", [leaf for value in values for leaf in value])
            kind, details = FIXED_LIST, table(("i", width))
        else:
            kind, details = self._plain(values)
        self.field = _field(name, kind, details, child)
        if child is not None:
            self.nodes += child.nodes
            self.buffers += child.buffers

    def _plain(self, values: list[Any]) -> tuple[int, Write]:
        kinds = {type(value) for value in values if value is not None}
        if kinds == {bool}:
            number = sum(1 << at for at, value in enumerate(values) if value)
            self.buffers.append(number.to_bytes((len(values) + 7) // 8, "little"))
            return BOOL, table()
        if kinds == {int} and all(
            -(2**63) <= value < 2**63 for value in values if value is not None
        ):
            self.buffers.append(struct.pack(f"<{len(values)}q", *(value or 0 for value in values)))
            return INT, table(("i", 64), ("?", True))
        if kinds <= {int, float}:
            numbers = [0.0 if value is None else float(value) for value in values]
            self.buffers.append(struct.pack(f"<{len(values)}d", *numbers))
            return FLOAT, table(("h", 2))
        texts = [b"" if value is None else _text(value) for value in values]
        offsets = [0]
        for text in texts:
            offsets.append(offsets[-1] + len(text))
        self.buffers += [struct.pack(f"<{len(offsets)}i", *offsets), b"".join(texts)]
        return TEXT, table()


def _field(name: str, kind: int, details: Write, child: _Column | None) -> Write:
    children: Field = vector(child.field) if child is not None else vector()
    return table(string(name), ("?", True), ("B", kind), details, None, children)


def _width(values: list[Any]) -> int:
    """Give the length of equal lists of numbers, 0 for anything else."""
    if not values or not all(type(value) is list for value in values):
        return 0
    widths = {len(value) for value in values}
    kinds = {type(leaf) for value in values for leaf in value}
    return widths.pop() if len(widths) == 1 and kinds and kinds <= {int, float, bool} else 0


def _validity(values: list[Any]) -> bytes:
    if not any(value is None for value in values):
        return b""
    number = sum(1 << at for at, value in enumerate(values) if value is not None)
    return number.to_bytes((len(values) + 7) // 8, "little")


def _text(value: Any) -> bytes:
    return value.encode() if type(value) is str else orjson.dumps(value)
