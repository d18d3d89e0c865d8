"""Rows of kept calls for questions that need not see every one: an even sample per window."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.lazily import lazily

from .models import CaptureSegment
from .segments import INPUT, OUTPUT

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pc = lazily("pyarrow.compute")
    pa_parquet = lazily("pyarrow.parquet")


MOST_ROWS = 120_000
MOST_FILES = 400
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a stretch is read at most, over all its windows."""

    rows: int = MOST_ROWS
    files: int = MOST_FILES


EVERYTHING = Bounds()


@dataclass(slots=True)
class Sampled:
    """Answered rows, column by column. `window`: which window each is of, from 0.

    `kept`: rows of every version and status in the files of the time.
    """

    inputs: dict[str, list[Any]] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    window: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    kept: int = 0
    is_sample: bool = False
    """Not all were read, but an even part of each window."""

    def __len__(self) -> int:
        return len(self.window)


def read(
    db: Session,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    version: int,
    since: dt.datetime,
    until: dt.datetime,
    step_seconds: int,
    bounds: Bounds = EVERYTHING,
) -> Sampled:
    """Read rows of one version in windows of `step_seconds`."""
    steps = max(1, int((until - since).total_seconds()) // step_seconds)
    grouped = _grouped(find(db, deployment_id, since, until), since, step_seconds)
    found = Sampled()
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        for own in grouped.values():
            chosen = evenly(own, max(1, bounds.files // steps))
            rows = sum(segment.rows for segment in own)
            found.kept += rows
            budget = max(500, bounds.rows // steps)
            share = min(1.0, budget / max(1, sum(segment.rows for segment in chosen)))
            kept = share * sum(segment.rows for segment in chosen)
            found.is_sample |= kept < rows
            for segment in chosen:
                table = _rows(db, blobs, segment, folder, version, share)
                _add(found, table, since, until, step_seconds, rows / max(1.0, kept))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def find(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Sequence[CaptureSegment]:
    """Give the segments that touch a time, the oldest first."""
    query = select(CaptureSegment).where(
        CaptureSegment.deployment_id == deployment_id,
        CaptureSegment.last_at >= since,
        CaptureSegment.first_at < until,
    )
    return db.scalars(query.order_by(CaptureSegment.first_at)).all()


def copy(db: Session, blobs: BlobStore, segment: CaptureSegment, folder: Path) -> Path:
    """Copy a segment's file to a folder."""
    file = folder / f"{segment.id}.parquet"
    blobs.copy_to(tenancy.workspace_of(db), artifacts.find(db, segment.path).sha256, file)
    return file


def evenly(items: Sequence[_T], most: int) -> list[_T]:
    """Take at most so many items, evenly over all of them."""
    step = max(1.0, len(items) / most)
    return [items[int(at * step)] for at in range(min(len(items), most))]


def _grouped(
    segments: Sequence[CaptureSegment], since: dt.datetime, step: int
) -> dict[int, list[CaptureSegment]]:
    grouped: dict[int, list[CaptureSegment]] = defaultdict(list)
    for segment in segments:
        grouped[int((segment.first_at - since).total_seconds()) // step].append(segment)
    return grouped


def _rows(
    db: Session,
    blobs: BlobStore,
    segment: CaptureSegment,
    folder: Path,
    version: int,
    share: float,
) -> pa.Table:
    file = copy(db, blobs, segment, folder)
    table = pa_parquet.read_table(file)
    file.unlink()
    table = table.filter((pc.field("version") == version) & (pc.field("status") < 400))
    wanted = max(1, round(table.num_rows * share)) if table.num_rows else 0
    if wanted < table.num_rows:
        table = table.take(pa.array(evenly(range(table.num_rows), wanted)))
    return table


def _add(
    found: Sampled,
    table: pa.Table,
    since: dt.datetime,
    until: dt.datetime,
    step: int,
    scale: float,
) -> None:
    first = since.timestamp() * 1e6
    last = until.timestamp() * 1e6
    instants = table["at"].cast(pa.int64()).to_pylist()
    inside = [first <= at < last for at in instants]
    table = table.filter(pa.array(inside, type=pa.bool_()))
    before = len(found)
    found.window += [
        int((at - first) // (step * 1_000_000))
        for at, kept in zip(instants, inside, strict=True)
        if kept
    ]
    found.weight += [scale * weight for weight in table["weight"].to_pylist()]
    for prefix, columns in ((INPUT, found.inputs), (OUTPUT, found.answers)):
        own = {
            name.removeprefix(prefix): table[name].to_pylist()
            for name in table.column_names
            if name.startswith(prefix)
        }
        for name in own.keys() - columns.keys():
            columns[name] = [None] * before
        for name, held in columns.items():
            held.extend(own.get(name, [None] * table.num_rows))
