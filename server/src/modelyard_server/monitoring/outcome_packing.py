"""Known outcomes as columns, and as bytes that are read back at once. Pure functions."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel import memory
from modelyard_server.kernel.lazily import lazily

from . import pairing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from numpy.typing import NDArray
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")
    pc = lazily("pyarrow.compute")


FACTS = (
    "prediction_id",
    "row",
    "version",
    "predicted",
    "actual",
    "predicted_number",
    "actual_number",
    "score",
    "delay_seconds",
    "corrections",
)
"""Columns of an outcome that are packed, named as in its table."""
RANKING = ("ranked", "value")
"""What `ranking.places` is made of; the last columns of a row."""


@functools.cache
def schema() -> pa.Schema:
    """Give names and types of the columns, the hour of the prediction first."""
    label = pa.dictionary(pa.int32(), pa.string())
    kinds = {
        "hour": pa.int64(),
        "prediction_id": pa.string(),
        "row": pa.int32(),
        "version": pa.int32(),
        "predicted": label,
        "actual": label,
        "predicted_number": pa.float64(),
        "actual_number": pa.float64(),
        "score": pa.float64(),
        "delay_seconds": pa.int64(),
        "corrections": pa.int32(),
        "places": pa.struct(
            {
                "hits": pa.list_(pa.int16()),
                "gains": pa.list_(pa.float64()),
                "best": pa.list_(pa.float64()),
                "relevant": pa.int32(),
            }
        ),
    }
    return pa.schema(list(kinds.items()))


def table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Make a table of rows that hold the hour, `FACTS` and `RANKING`."""
    columns = list(zip(*rows, strict=True)) or [()] * (len(schema()) + 1)
    *columns, ranked, values = columns
    columns.append(
        tuple(
            None if items is None else pairing.places(items, value)
            for items, value in zip(ranked, values, strict=True)
        )
    )
    arrays = [
        pa.array(values, type=field.type) for values, field in zip(columns, schema(), strict=True)
    ]
    return pa.table(arrays, schema=schema())


def together(tables: Iterable[pa.Table]) -> pa.Table:
    """Put tables one after another; labels get one dictionary.

    What was packed before a column was known has nothing in it.
    """
    return joined([schema().empty_table(), *tables])


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables of the same columns one after another."""
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def of_measures(rows: pa.Table) -> pa.Table:
    """Leave out what names a row; `is_first` is true once for each call, so that they are counted.

    The table must hold all rows of the calls that it has.
    """
    found = np.ones(len(rows), dtype=np.bool_)
    if pc.any(pc.greater(rows["row"], 0)).as_py():
        codes = rows["prediction_id"].combine_chunks().dictionary_encode().indices.to_numpy()
        found[:] = False
        found[np.unique(codes, return_index=True)[1]] = True
    left = rows.drop_columns(["prediction_id", "row", "version"])
    return left.append_column("is_first", pa.array(found))


def give_back() -> None:
    """Return memory that held columns to the system, after many were read."""
    pa.default_memory_pool().release_unused()
    memory.trim()


def pack(rows: pa.Table) -> bytes:
    """Write a table as bytes."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    whole = rows.combine_chunks()
    with pa.ipc.new_stream(sink, whole.schema, options=options) as writer:
        writer.write_table(whole)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def unpack(content: bytes) -> pa.Table:
    """Read what `pack` wrote."""
    with pa.ipc.open_stream(content) as reader:
        return reader.read_all()


def delays(content: bytes) -> NDArray[np.int32]:
    """Read only how late the outcomes came of what `pack` wrote."""
    with pa.ipc.open_stream(content) as reader:
        at = reader.schema.get_field_index("delay_seconds")
    options = pa.ipc.IpcReadOptions(included_fields=[at])
    with pa.ipc.open_stream(content, options=options) as reader:
        column = reader.read_all().column(0).drop_null().to_numpy()
    return np.asarray(np.minimum(column, 2**31 - 1), dtype=np.int32)
