"""Finds the predictions of waiting outcomes among kept rows, where the log holds them no more.

The log keeps the newest calls and the first rows of each; segments keep all that capture keeps.
Read a few files at a time and a few columns of each, outside of any write transaction.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import jobs, tenancy
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.lazily import lazily

from . import captures, outcome_hours, sampling
from .capture import PREDICTION
from .delta import HOUR
from .models import CaptureSegment, Outcome
from .pairing import Mismatch, pair
from .segments import OUTPUT, quoted

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = lazily("pyarrow")


RECALL = "monitoring.recall_predictions"
WAIT = dt.timedelta(hours=24)
OUTCOMES = 100_000  # looked for at once
FILES = 100  # copied at once
WRITTEN = 5_000  # outcomes of one transaction
GATHERED = dt.timedelta(seconds=1)
"""Outcomes that come one by one are looked for together."""
MARGIN = dt.timedelta(minutes=1)
_OWN_ID = re.compile(r"[0-9a-f]{32}")
"""An id of the gateway's making: its first 12 digits are milliseconds."""
_ELEMENT = re.compile(re.escape(OUTPUT + PREDICTION) + r"\[(\d+)\]")
_FIELD = OUTPUT + PREDICTION + "."


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Outcomes that wait, as columns; `segments`: where their predictions may be."""

    rows: pa.Table
    last: uuid.UUID
    segments: list[CaptureSegment]


def enqueue(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, *, again: bool = False
) -> None:
    """Ask for the predictions of outcomes that wait and were received from then on.

    `again`: while a job that looks for them is still running.
    """
    with suppress(IntegrityError), db.begin_nested():  # another request has just asked
        jobs.enqueue(
            db,
            RECALL,
            {"deployment_id": str(deployment_id), "since": since.isoformat()},
            workspace_id=tenancy.workspace_of(db),
            dedupe_key=f"recall:{deployment_id}:{'again' if again else 'first'}",
            delay=GATHERED,
        )


def enqueue_lately(db: Session, age: dt.timedelta) -> None:
    """Ask again for outcomes that came while predictions were looked for, or were being cut."""
    since = utcnow() - age
    query = select(Outcome.deployment_id).where(
        Outcome.hour.is_(None), Outcome.received_at >= since
    )
    for deployment_id in set(db.scalars(query.distinct())):
        enqueue(db, deployment_id, since)


def run(
    database: Database,
    blobs: BlobStore,
    workspace_id: int,
    deployment_id: uuid.UUID,
    since: dt.datetime,
) -> int:
    """Join waiting outcomes with kept rows; give how many. Bounded memory, short transactions."""
    since, after, joined = max(since, utcnow() - WAIT), uuid.UUID(int=0), 0
    while True:
        with database.session(workspace_id, write=False) as db:
            part = _waiting(db, deployment_id, since, after)
            if part is None:
                return joined
            for found in _search(db, blobs, part):
                joined += _keep(database, workspace_id, deployment_id, found)
        after = part.last


def came_since(db: Session, deployment_id: uuid.UUID, since: dt.datetime) -> bool:
    """Tell whether outcomes were received meanwhile whose prediction is not known."""
    query = select(Outcome.id).where(
        Outcome.deployment_id == deployment_id,
        Outcome.hour.is_(None),
        Outcome.received_at >= since,
    )
    return db.scalar(query.limit(1)) is not None


def _waiting(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, after: uuid.UUID
) -> _Waiting | None:
    query = (
        select(Outcome.id, Outcome.prediction_id, Outcome.row, Outcome.value, Outcome.received_at)
        .where(
            Outcome.deployment_id == deployment_id,
            Outcome.hour.is_(None),
            Outcome.received_at >= since,
            Outcome.id > after,
        )
        .order_by(Outcome.id)
        .limit(OUTCOMES)
    )
    found = db.execute(query).all()
    if not found:
        return None
    identifiers, ids, rows, values, received = zip(*found, strict=True)
    table = pa.table(
        {
            "id": pa.array([one.bytes for one in identifiers], type=pa.binary(16)),
            "prediction_id": pa.array(ids, type=pa.string()),
            "row": pa.array(rows, type=pa.int32()),
            "value": pa.array(values, type=pa.string()),
            "received_at": pa.array(received, type=pa.timestamp("us", tz="UTC")),
        }
    )
    return _Waiting(table, identifiers[-1], _places(db, deployment_id, ids))


def _places(db: Session, deployment_id: uuid.UUID, ids: Collection[str]) -> list[CaptureSegment]:
    """Give the segments that may hold these predictions: our own ids say when they were made."""
    own = select(CaptureSegment).where(CaptureSegment.deployment_id == deployment_id)
    kept = list(db.scalars(own.order_by(CaptureSegment.first_at)))
    if not kept:
        return []
    told = [_made_at(one) for one in ids]
    first, last = kept[0].first_at - MARGIN, max(one.last_at for one in kept) + MARGIN
    instants = sorted(at for at in told if at is not None and first <= at <= last)
    if len(instants) < len(told):
        return kept
    return [
        one for one in kept if _any_between(instants, one.first_at - MARGIN, one.last_at + MARGIN)
    ]


def _made_at(identifier: str) -> dt.datetime | None:
    if not _OWN_ID.fullmatch(identifier):
        return None
    try:
        return dt.datetime.fromtimestamp(int(identifier[:12], 16) / 1000, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _any_between(instants: Sequence[dt.datetime], first: dt.datetime, last: dt.datetime) -> bool:
    return bisect_right(instants, last) > bisect_left(instants, first)


def _search(db: Session, blobs: BlobStore, waiting: _Waiting) -> Iterator[pa.Table]:
    """Give the waiting outcomes of which rows were kept, with what the model said."""
    for start in range(0, len(waiting.segments), FILES):
        folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
        try:
            part = waiting.segments[start : start + FILES]
            files = [sampling.copy(db, blobs, segment, folder) for segment in part]
            with captures.connect(folder) as reader:
                reader.register("waiting", waiting.rows)
                kept = captures.select_rows(files)  # names of our own files only
                chosen = [
                    f"kept.{quoted(name)}"
                    for name in reader.sql(kept).columns
                    if name in {"at", "version"} or name.startswith(OUTPUT)
                ]
                yield reader.sql(
                    f"SELECT {', '.join(chosen)}, waiting.* FROM ({kept}) AS kept "  # noqa: S608
                    'JOIN waiting USING (prediction_id, "row") WHERE status < 400'
                ).to_arrow_table()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _keep(database: Database, workspace_id: int, deployment_id: uuid.UUID, found: pa.Table) -> int:
    """Write predictions beside their outcomes; one that was corrected meanwhile stays."""
    table, kept = Outcome.__table__, 0
    own = (table.c.workspace_id == bindparam("of")) & (table.c.id == bindparam("which"))
    same = table.c.hour.is_(None) & (table.c.received_at == bindparam("seen"))
    changed = _changed(table)
    for batch in found.to_batches(max_chunksize=WRITTEN):
        made = [row for row in _joined(batch.to_pylist(), workspace_id) if row is not None]
        if not made:
            continue
        with database.session(workspace_id) as db:
            db.connection().execute(
                update(table).where(own & same).values(changed),  # type: ignore[arg-type]
                made,
            )
            outcome_hours.touch(db, deployment_id, {row["to_hour"] for row in made})
        kept += len(made)
    return kept


def _changed(table: Any) -> dict[str, Any]:
    said = ("predicted", "predicted_number", "score", "ranked", "actual", "actual_number")
    names = ("hour", "version", "delay_seconds", *said)
    return {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}


def _joined(rows: Sequence[Mapping[str, Any]], of: int) -> Iterator[dict[str, Any] | None]:
    for row in rows:
        try:
            found = pair(_answer(row), orjson.loads(row["value"]))
        except Mismatch:
            continue  # it stays unknown
        predicted, actual = found.predicted, found.actual
        yield {
            "of": of,
            "which": uuid.UUID(bytes=row["id"]),
            "seen": row["received_at"],
            "to_hour": int(row["at"].timestamp()) // HOUR * HOUR,
            "to_version": row["version"],
            "to_delay_seconds": max(0, int((row["received_at"] - row["at"]).total_seconds())),
            "to_predicted": predicted.label,
            "to_predicted_number": predicted.number,
            "to_score": predicted.score,
            "to_ranked": predicted.ranked,
            "to_actual": actual.label,
            "to_actual_number": actual.number,
        }


def _answer(row: Mapping[str, Any]) -> Any:
    """Put what the model said of a row together again, from the columns it was spread over."""
    said = row.get(OUTPUT + PREDICTION)
    if said is not None:
        return _parsed(said)
    told = {name: value for name, value in row.items() if value is not None}
    listed = {int(m[1]): value for name, value in told.items() if (m := _ELEMENT.fullmatch(name))}
    if listed:
        return [_parsed(listed[at]) for at in sorted(listed)]
    fields = {n.removeprefix(_FIELD): _parsed(v) for n, v in told.items() if n.startswith(_FIELD)}
    if not fields:
        raise Mismatch("No answer was kept.")
    return fields


def _parsed(value: Any) -> Any:
    """Read a list or an object back that was kept as text."""
    if not isinstance(value, str) or value[:1] not in {"[", "{"}:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
