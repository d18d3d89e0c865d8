"""Long histories in pieces: of each block of points its lowest and highest, kept in the database.

A chart of a million points then reads two hundred small rows, and the points that are in no piece
yet. A piece covers all points after one place up to another. Writers add pieces as a history grows
and remove those among whose points something comes late; what no piece covers is read from the
points themselves, so a missing piece costs time and nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Database, execute_many
from modelyard_server.kernel.lazily import lazily

from . import points
from .points import START, Columns, Place
from .records import MetricPiece, RunChange

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")

LONG = 16_384  # shorter histories have no pieces: they are thinned in 10 ms
PIECE = 4096
BLOCK = 256
_AT_ONCE = 4  # pieces in one transaction: some 20 ms
_MOST_COUNTED = 100_000

_PLACE = (MetricPiece.step, MetricPiece.at_ms, MetricPiece.value, MetricPiece.is_nan)
_AFTER = (
    MetricPiece.after_step,
    MetricPiece.after_ms,
    MetricPiece.after_value,
    MetricPiece.after_is_nan,
)


class Gap(NamedTuple):
    """What no piece covers: after one place, up to another or to the end."""

    after: Place
    until: Place | None


class Covered(NamedTuple):
    """What pieces say of their points: how many they are, and those that a chart needs."""

    total: int
    rows: Columns


def overview(db: Session, run_id: int, key_id: int) -> list[Covered | Gap]:
    """List in order what is covered and what is not; the last is the gap at the end."""
    query = _own(run_id, key_id, *_AFTER, *_PLACE, MetricPiece.points, MetricPiece.content)
    found: list[Covered | Gap] = []
    for gap, row in _between(db.execute(query)):
        found += [gap] if gap is not None else []
        found += [Covered(row.points, points.unpacked([row.content]))] if row is not None else []
    return found


def gaps(db: Session, run_id: int, key_id: int) -> list[Gap]:
    """List in order what no piece covers, without what pieces say."""
    query = _own(run_id, key_id, *_AFTER, *_PLACE)
    return [gap for gap, _ in _between(db.execute(query)) if gap is not None]


def _own(run_id: int, key_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    own = (MetricPiece.id == run_id, MetricPiece.key_id == key_id)
    return select(*columns).where(*own).order_by(*_PLACE)


def _between(rows: Iterable[Any]) -> Iterator[tuple[Gap | None, Any]]:
    """Give each piece, with the gap before it if there is one; at the end the gap without one."""
    at = START
    for row in rows:
        after, until = points.place(row[:4]), points.place(row[4:8])
        yield (Gap(at, after) if after != at else None), row
        at = until
    yield Gap(at, None), None


def read(db: Session, run_id: int, key_id: int, gap: Gap, most: int | None = None) -> Columns:
    """Read points of a gap, the first `most` of them or all."""
    return points.read(db, run_id, key_id, after=gap.after, until=gap.until, most=most)


def extremes(rows: Columns) -> Columns:
    """Give the first and last row, and of each block of rows the lowest and the highest."""
    _, _, values, nans = rows
    count = len(values)
    if count <= 2:
        return rows
    blocks = [(start, start + BLOCK) for start in range(0, count, BLOCK)]
    chosen = np.array(telling(values, nans, blocks))
    return tuple(column[chosen] for column in rows)


def telling(
    values: npt.NDArray[np.float64],
    nans: npt.NDArray[np.bool_],
    stretches: Iterable[tuple[int, int]],
) -> list[int]:
    """Give the places of both ends and of the lowest and the highest of each stretch, in order."""
    low, high = np.where(nans, np.inf, values), np.where(nans, -np.inf, values)
    places = {0, len(values) - 1}
    for start, end in stretches:
        places |= {start + int(low[start:end].argmin()), start + int(high[start:end].argmax())}
    return sorted(places)


def extend(db: Session, run_id: int, key_id: int) -> bool:
    """Add some pieces where they are missing; tell whether more may be.

    The transaction writes to the run: nobody else adds points to it meanwhile.
    """
    room = _AT_ONCE * PIECE
    for gap in gaps(db, run_id, key_id):
        rows = read(db, run_id, key_id, gap, room)
        room -= len(rows[0])
        made = list(_pieces(gap, rows, is_whole=room > 0))
        if made:
            owner = {"workspace_id": tenancy.workspace_of(db), "id": run_id, "key_id": key_id}
            db.execute(insert(MetricPiece), [owner | one for one in made])
        if room <= 0:
            return True
    return False


def extend_locked(database: Database, workspace_id: int, run_id: int, key_id: int) -> bool:
    """Do what `extend` does in a transaction of its own."""
    with database.session(workspace_id) as db:
        lock = select(RunChange.seq).where(RunChange.id == run_id).with_for_update()
        return db.scalar(lock) is not None and extend(db, run_id, key_id)


def come_late(db: Session, run_id: int, spans: Sequence[tuple[int, Place, Place]]) -> None:
    """Remove the pieces among whose points some of (metric, first, last) may have come."""
    connection, owner = db.connection(), (tenancy.workspace_of(db), run_id)
    # On SQLite whatever is new may be late, so mostly there is nothing to remove.
    is_asked = connection.dialect.name != "postgresql"
    if is_asked and connection.exec_driver_sql(_ANY, owner).first() is None:
        return
    rows = [(*owner, key, *first, *last) for key, first, last in spans]
    execute_many(connection, _COME_LATE, rows)


_ANY = "SELECT 1 FROM metric_pieces WHERE workspace_id = ? AND run_id = ? LIMIT 1"
_COME_LATE = (
    "DELETE FROM metric_pieces WHERE workspace_id = ? AND run_id = ? AND key_id = ? "
    "AND (step, at_ms, value, is_nan) >= (?, ?, ?, ?) "
    "AND (after_step, after_ms, after_value, after_is_nan) <= (?, ?, ?, ?)"
)


_counts: WeakKeyDictionary[Database, OrderedDict[tuple[int, int, int], int]] = WeakKeyDictionary()


def grown(db: Session, run_id: int, histories: Sequence[tuple[int, Sequence[Any]]]) -> None:
    """Count points of each metric that were just added, and extend what has become long."""
    counts = _counts.setdefault(db.info["database"], OrderedDict())
    workspace_id = tenancy.workspace_of(db)
    for key_id, rows in histories:
        name = (workspace_id, run_id, key_id)
        counts[name] = count = counts.get(name, 0) + len(rows)
        if count >= LONG:
            extend(db, run_id, key_id)
            counts[name] = LONG - PIECE
    while len(counts) > _MOST_COUNTED:
        counts.popitem(last=False)


def _pieces(gap: Gap, rows: Columns, *, is_whole: bool) -> Iterator[dict[str, Any]]:
    """Cut the points of a gap. What is left of a piece stays out when more points may come."""
    after = gap.after
    for start in range(0, len(rows[0]), PIECE):
        piece = tuple(column[start : start + PIECE] for column in rows)
        count = len(piece[0])
        if count < PIECE and not (is_whole and gap.until is not None):
            return
        until = points.place(column[-1] for column in piece)
        yield {
            **dict(zip((column.key for column in _AFTER), after, strict=True)),
            **dict(zip((column.key for column in _PLACE), until, strict=True)),
            "points": count,
            "content": points.packed_columns(extremes(piece)),
        }
        after = until
