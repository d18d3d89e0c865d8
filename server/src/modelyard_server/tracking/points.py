"""Where points are: single ones in `metric_points`, what came together in `metric_chunks`.

A chunk holds points of one metric that came in one batch and were newer than all before, so chunks
of a metric follow each other and never overlap. Whatever comes late or alone is a row of its own.
A batch of a thousand points of twenty metrics is then twenty rows to the database.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from modelyard_server.kernel.lazily import lazily

from .columns import arrays
from .records import MetricChunk, MetricPoint

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")

LEAST, MOST = 8, 1000
"""Points of a chunk. Fewer are written as rows, which can be told from late ones by the index."""

Columns = tuple["npt.NDArray[Any]", ...]
"""Steps, times, values, and which are NaN."""
Place = tuple[int, int, float, bool]
START: Place = (-(2**63), -(2**63), -1.7976931348623157e308, False)
_LAST = (2**63 - 1, 1.7976931348623157e308, True)

ORDER = (MetricPoint.step, MetricPoint.at_ms, MetricPoint.value, MetricPoint.is_nan)
_END = (MetricChunk.step, MetricChunk.at_ms, MetricChunk.value, MetricChunk.is_nan)
_KINDS = ("<i8", "<i8", "<f8", "?")


def read(
    db: Session,
    run_id: int,
    key_id: int,
    *,
    after: Place = START,
    until: Place | None = None,
    most: int | None = None,
) -> Columns:
    """Read points in order: after one place, up to another, the first `most` of them or all."""
    query = select(*ORDER).where(MetricPoint.id == run_id, MetricPoint.key_id == key_id)
    if after != START:
        query = query.where(tuple_(*ORDER) > after)
    if until is not None:
        query = query.where(tuple_(*ORDER) <= until)
    query = query.order_by(*ORDER).limit(most)
    single = tuple(arrays(db, query, (np.int64, np.int64, np.float64, np.bool_)))
    chunked = _chunked(db, run_id, key_id, after, until, most)
    return tuple(column[:most] for column in _merged(single, chunked))


def between(
    db: Session, run_ids: Sequence[int], key_id: int, span: tuple[int | None, int | None]
) -> dict[int, Columns]:
    """Read the points of several runs from one step to another, both included."""
    first, last = span
    single = select(MetricPoint.id, *ORDER).where(
        MetricPoint.id.in_(run_ids), MetricPoint.key_id == key_id
    )
    chunks = select(MetricChunk.id, MetricChunk.content).where(
        MetricChunk.id.in_(run_ids), MetricChunk.key_id == key_id
    )
    if first is not None:
        single = single.where(MetricPoint.step >= first)
        chunks = chunks.where(MetricChunk.step >= first)
    if last is not None:
        single = single.where(MetricPoint.step <= last)
        chunks = chunks.where(MetricChunk.first_step <= last)
    kinds = (np.int64, np.int64, np.int64, np.float64, np.bool_)
    ids, *rows = arrays(db, single.order_by(MetricPoint.id, *ORDER), kinds)
    contents: dict[int, list[bytes]] = {}
    for run, content in db.execute(chunks.order_by(MetricChunk.id, *_END)):
        contents.setdefault(run, []).append(content)
    found: dict[int, Columns] = {}
    for run in run_ids:
        begin, end = np.searchsorted(ids, (run, run + 1))
        own = tuple(column[begin:end] for column in rows)
        merged = _merged(own, unpacked(contents.get(run, ())))
        inside = np.ones(len(merged[0]), np.bool_)
        if first is not None:
            inside &= merged[0] >= first
        if last is not None:
            inside &= merged[0] <= last
        if inside.any():
            found[run] = tuple(column[inside] for column in merged)
    return found


def count(db: Session, run_id: int, key_id: int) -> int:
    """Count the points of a metric."""
    single = select(func.count()).where(MetricPoint.id == run_id, MetricPoint.key_id == key_id)
    chunked = select(func.coalesce(func.sum(MetricChunk.points), 0)).where(
        MetricChunk.id == run_id, MetricChunk.key_id == key_id
    )
    return int(db.scalar(single) or 0) + int(db.scalar(chunked) or 0)


def end(db: Session, run_id: int, key_id: int) -> Place | None:
    """Give the place of the last point."""
    found = []
    for table, columns in ((MetricPoint, ORDER), (MetricChunk, _END)):
        query = select(*columns).where(table.id == run_id, table.key_id == key_id)
        query = query.order_by(*(column.desc() for column in columns)).limit(1)
        found += [place(row) for row in db.execute(query)]
    return max(found, default=None)


def not_in_chunks(db: Session, run_id: int, key_id: int, rows: Sequence[Place]) -> list[Place]:
    """Give the rows, in order, that no chunk of the metric has."""
    step = rows[0][0]
    after = (step - 1, *_LAST) if step > START[0] else START
    columns = _chunked(db, run_id, key_id, after, rows[-1], None)
    there = set(zip(*(column.tolist() for column in columns), strict=True))
    return [row for row in rows if row not in there]


def remove(db: Session, run_id: int) -> None:
    """Remove all points of a run; on PostgreSQL no foreign key does."""
    for table in (MetricPoint, MetricChunk):
        db.execute(delete(table).where(table.id == run_id))


def packed(rows: Sequence[Place]) -> bytes:
    """Write points as a chunk or piece has them: column after column."""
    n = len(rows)
    steps, times, values, nans = zip(*rows, strict=True)
    return struct.pack(f"<{n}q{n}q{n}d{n}?", *steps, *times, *values, *nans)


def packed_columns(rows: Columns) -> bytes:
    """Write columns as `packed` writes rows."""
    return b"".join(
        column.astype(kind).tobytes() for column, kind in zip(rows, _KINDS, strict=True)
    )


def unpacked(contents: Sequence[bytes]) -> Columns:
    """Read what was written so, several one after the other."""
    counts = [len(content) // 25 for content in contents]
    columns = []
    for number, kind in enumerate(_KINDS):
        width = 8 if number < 3 else 1
        parts = (
            content[8 * number * n : (8 * number + width) * n]
            for content, n in zip(contents, counts, strict=True)
        )
        columns.append(np.frombuffer(b"".join(parts), kind))
    return tuple(columns)


def place(values: Iterable[Any]) -> Place:
    """Give a place of plain numbers."""
    step, at_ms, value, is_nan = values
    return int(step), int(at_ms), float(value), bool(is_nan)


def _chunked(
    db: Session, run_id: int, key_id: int, after: Place, until: Place | None, most: int | None
) -> Columns:
    query = select(MetricChunk.content).where(
        MetricChunk.id == run_id, MetricChunk.key_id == key_id
    )
    if after != START:
        query = query.where(tuple_(*_END) > after)
    if until is not None:
        query = query.where(MetricChunk.first_step <= until[0])
    if most is not None:
        query = query.limit(most // LEAST + 2)  # of the first one point at least is wanted
    columns = unpacked(db.scalars(query.order_by(*_END)).all())
    places = range(len(columns[0]))

    def at(number: int) -> Place:
        return place(column[number] for column in columns)

    start = bisect_right(places, after, key=at) if after != START else 0
    stop = bisect_right(places, until, key=at) if until is not None else len(places)
    return tuple(column[start:stop] for column in columns)


def _merged(single: Columns, chunked: Columns) -> Columns:
    """Put both in one order; no point is in both."""
    if not len(chunked[0]):
        return single
    if not len(single[0]):
        return chunked
    steps, times, values, nans = (
        np.concatenate(pair) for pair in zip(single, chunked, strict=True)
    )
    order = np.lexsort((nans, values, times, steps))
    return steps[order], times[order], values[order], nans[order]
