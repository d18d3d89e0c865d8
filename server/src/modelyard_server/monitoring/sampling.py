"""Rows of kept calls for questions that need not see every one: an even sample per window."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts import service as artifacts
from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.lazily import lazily

from .models import CaptureSegment
from .pieces import Column
from .quality import Floats
from .scoring import Ints
from .segments import INPUT, OUTPUT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pa_parquet
else:
    np = lazily("numpy")
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


@dataclass(frozen=True, slots=True)
class Sampled:
    """Answered rows, column by column. `window`: which window each is of, from 0.

    `kept`: rows of every version and status in the files of the time.
    Shapes: window (rows,), weight (rows,).
    """

    inputs: dict[str, Column]
    answers: dict[str, Column]
    window: Ints
    weight: Floats
    kept: int
    is_sample: bool
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
    found, kept_rows, is_sample = _Found(since, until, step_seconds), 0, False
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        for own in grouped.values():
            chosen = evenly(own, max(1, bounds.files // steps))
            rows = sum(segment.rows for segment in own)
            kept_rows += rows
            budget = max(500, bounds.rows // steps)
            share = min(1.0, budget / max(1, sum(segment.rows for segment in chosen)))
            kept = share * sum(segment.rows for segment in chosen)
            is_sample |= kept < rows
            for segment in chosen:
                table = _rows(db, blobs, segment, folder, version, share)
                found.add(table, rows / max(1.0, kept))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found.sampled(kept_rows, is_sample=is_sample)


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


class _Found:
    """Rows of one file after the other, of one time."""

    def __init__(self, since: dt.datetime, until: dt.datetime, step_seconds: int) -> None:
        self._first, self._last = since.timestamp() * 1e6, until.timestamp() * 1e6
        self._step_us = step_seconds * 1_000_000
        self._inputs: dict[str, Column] = {}
        self._answers: dict[str, Column] = {}
        self._windows: list[Ints] = [np.empty(0, dtype=np.int64)]
        self._weights: list[Floats] = [np.empty(0)]
        self._rows = 0

    def add(self, table: pa.Table, scale: float) -> None:
        """Take the rows of one file; each stands for `scale` rows beside its own weight."""
        at = table["at"].cast(pa.int64()).to_numpy()
        inside = (at >= self._first) & (at < self._last)
        if not inside.all():
            table, at = table.filter(pa.array(inside)), at[inside]
        self._windows.append(((at - self._first) // self._step_us).astype(np.int64))
        self._weights.append(scale * table["weight"].to_numpy())
        for prefix, columns in ((INPUT, self._inputs), (OUTPUT, self._answers)):
            self._add(prefix, columns, table)
        self._rows += table.num_rows

    def _add(self, prefix: str, columns: dict[str, Column], table: pa.Table) -> None:
        names = [name for name in table.column_names if name.startswith(prefix)]
        for name in names:
            if name.removeprefix(prefix) not in columns:
                columns[name.removeprefix(prefix)] = made = Column()
                made.extend(self._rows)
        for name, column in columns.items():
            has_it = prefix + name in names
            column.extend(table[prefix + name] if has_it else table.num_rows)

    def sampled(self, kept: int, *, is_sample: bool) -> Sampled:
        """Give all that was added."""
        window, weight = np.concatenate(self._windows), np.concatenate(self._weights)
        return Sampled(self._inputs, self._answers, window, weight, kept, is_sample)
