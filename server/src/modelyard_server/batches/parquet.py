"""Results as Parquet: the types of all columns are found first, then rows are written in groups."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_server.kernel.lazily import lazily

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet
    import pyarrow.types as pa_types
else:
    pa = lazily("pyarrow")
    pa_parquet = lazily("pyarrow.parquet")
    pa_types = lazily("pyarrow.types")

GROUP_ROWS = 50_000
GROUP_BYTES = 32 * 1024 * 1024

Parts = Callable[[], Iterator[bytes]]
"""JSON lines, part by part, as often as asked."""
Cells = Callable[[dict[str, Any]], Sequence[Any]]
"""The cells of one line, one for each head."""


def as_parquet(parts: Parts, heads: Sequence[str], cells: Cells) -> Iterator[bytes]:
    """Write rows as one Parquet file; what has no one plain type is written as JSON text."""
    kinds = [pa.null()] * len(heads)
    for columns in _columns(parts(), len(heads), cells):
        kinds = [_joined(one, _kind(values)) for one, values in zip(kinds, columns, strict=True)]
    kinds = [pa.string() if one in {pa.null(), pa.list_(pa.null())} else one for one in kinds]
    schema = pa.schema(list(zip(heads, kinds, strict=True)))
    sink = _Sink()
    waiting: list[pa.Table] = []
    with pa_parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for columns in _columns(parts(), len(heads), cells):
            arrays = [_array(values, one) for one, values in zip(kinds, columns, strict=True)]
            waiting.append(pa.Table.from_arrays(arrays, schema=schema))
            rows, size = sum(map(len, waiting)), sum(one.nbytes for one in waiting)
            if rows >= GROUP_ROWS or size >= GROUP_BYTES:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()
                yield sink.taken()
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    yield sink.taken()


def _columns(parts: Iterator[bytes], count: int, cells: Cells) -> Iterator[list[list[Any]]]:
    for part in parts:
        rows = [cells(orjson.loads(line)) for line in part.splitlines()]
        yield [[row[at] for row in rows] for at in range(count)]


def _kind(values: list[Any]) -> pa.DataType:
    try:
        found = pa.array(values).type
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.string()
    inner = found.value_type if pa_types.is_list(found) else found
    plain = {pa.null(), pa.bool_(), pa.int64(), pa.float64(), pa.string()}
    return found if inner in plain else pa.string()


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or pa_types.is_null(other):
        return one
    if pa_types.is_null(one):
        return other
    if pa_types.is_list(one) and pa_types.is_list(other):
        inner = _joined(one.value_type, other.value_type)
        texts = {one.value_type, other.value_type} <= {pa.string(), pa.null()}
        return pa.list_(inner) if texts or not pa_types.is_string(inner) else pa.string()
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {one, other} <= numbers else pa.string()


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa_types.is_string(kind):
        values = [_text(value) for value in values]
    elif pa_types.is_floating(kind):
        values = _floats(values)
    elif kind == pa.list_(pa.float64()):
        values = [None if value is None else _floats(value) for value in values]
    return pa.array(values, type=kind)


def _floats(values: list[Any]) -> list[float | None]:
    """Make numbers floats here: whole ones that a float only comes near are refused by Arrow."""
    return [None if value is None else float(value) for value in values]


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


class _Sink(io.RawIOBase):
    """What was written and not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        self._held += data
        self._written += len(data)
        return len(data)

    def taken(self) -> bytes:
        found = bytes(self._held)
        self._held.clear()
        return found
