"""Kept rows beside what really came of them: inputs, prediction, outcome, loss.

The join is made by DuckDB into a file of its own, of which one column at a time is read: memory
does not grow with the columns. Of more rows than `MOST_ROWS`, whole segments are left out evenly.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.lazily import lazily

from . import captures, outcome_hours, outcome_packing, realised, sampling
from . import outcome_windows as windows
from .delta import HOUR
from .errors import ConditionRefused, NothingCaptured
from .models import CaptureSegment
from .outcome_windows import Rows
from .segments import INPUT, quoted

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pa_parquet
else:
    duckdb = lazily("duckdb")
    np = lazily("numpy")
    pa = lazily("pyarrow")
    pc = lazily("pyarrow.compute")
    pa_parquet = lazily("pyarrow.parquet")


MOST_ROWS = 2_000_000
MEMORY = "120MB"  # of DuckDB; beyond, it goes on in the folder
GROUP_ROWS = 20_000
_PLACE, _CHOSEN = "place of outcome", "is chosen"


@dataclass(frozen=True, slots=True)
class Joined:
    """Kept rows whose outcome is known. `kept`: rows of the time, `read`: those looked at."""

    columns: list[str]
    rows: Rows
    kept: int
    read: int
    _file: Path

    def column(self, name: str) -> pa.ChunkedArray:
        """Read one input."""
        return pa_parquet.read_table(self._file, columns=[INPUT + name]).column(0)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that a condition chose, beside all of them."""

    rows: Rows
    whole: Rows
    kept: int
    read: int


@contextmanager
def opened(
    db: Session, blobs: BlobStore, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Iterator[Joined]:
    """Join kept rows with their outcomes while the block lasts.

    Raises:
        NothingCaptured: no rows were kept in that time.
    """
    with _sources(db, blobs, deployment_id, since, until) as source:
        file = source.folder / "joined.parquet"
        inputs = [name for name in source.columns if name.startswith(INPUT)]
        source.write([*map(quoted, inputs), quoted(_PLACE)], file)
        places = pa_parquet.read_table(file, columns=[_PLACE]).column(0).to_numpy()
        names = [name.removeprefix(INPUT) for name in inputs]
        yield Joined(names, source.rows.take(places), source.kept, source.read, file)


def part(
    db: Session,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
    condition: Callable[[list[str]], str],
) -> Part:
    """Choose joined rows; `condition` gives SQL of `expressions` for the names of the inputs.

    Raises:
        NothingCaptured: no rows were kept in that time.
        ConditionRefused: it compares values that cannot be compared.
    """
    with _sources(db, blobs, deployment_id, since, until) as source:
        inputs = [n.removeprefix(INPUT) for n in source.columns if n.startswith(INPUT)]
        written = f"coalesce(({condition(inputs)}), false) AS {quoted(_CHOSEN)}"
        file = source.folder / "chosen.parquet"
        source.write([quoted(_PLACE), written], file)
        facts = pa_parquet.read_table(file)
        places = facts[_PLACE].to_numpy()
        own, whole = places[facts[_CHOSEN].to_numpy()], places
        return Part(source.rows.take(own), source.rows.take(whole), source.kept, source.read)


@dataclass(frozen=True, slots=True)
class _Source:
    """Segments of one question in DuckDB, with the place of each row's outcome in `rows`."""

    rows: Rows
    reader: duckdb.DuckDBPyConnection
    folder: Path
    chosen: str
    columns: list[str]
    kept: int
    read: int

    def write(self, columns: Sequence[str], file: Path) -> None:
        """Write joined rows; names and conditions are ours, see `expressions`."""
        target = str(file).replace("'", "''")
        try:
            self.reader.execute(
                f"COPY (SELECT {', '.join(columns)} FROM ({self.chosen}) "  # noqa: S608
                f"JOIN outcomes USING (prediction_id, \"row\")) TO '{target}' "
                f"(FORMAT parquet, ROW_GROUP_SIZE {GROUP_ROWS})"
            )
        except duckdb.ConversionException as error:
            said = str(error).splitlines()[0].removeprefix("Conversion Error: ")
            raise ConditionRefused(f"Values cannot be compared: {said}") from None


@contextmanager
def _sources(
    db: Session, blobs: BlobStore, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> Iterator[_Source]:
    found = sampling.find(db, deployment_id, since, until)
    if not found:
        raise NothingCaptured("No rows were kept in that time.")
    chosen = _bounded(found)
    is_real = realised.declares_numbers(db, deployment_id)
    rows, known = windows.read(_outcomes(db, deployment_id, since, until), is_real=is_real)
    places = pa.array(np.arange(len(known), dtype=np.int32))
    known = known.select(["prediction_id", "row"]).append_column(_PLACE, places)
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        files = [sampling.copy(db, blobs, segment, folder) for segment in chosen]
        select = captures.select_rows(files, since, until)
        with captures.connect(folder, memory=MEMORY) as reader:
            reader.register("outcomes", known)
            columns = reader.sql(select).columns
            kept, read = (sum(one.rows for one in group) for group in (found, chosen))
            yield _Source(rows, reader, folder, select, columns, kept, read)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        outcome_packing.give_back()


def _bounded(found: Sequence[CaptureSegment]) -> list[CaptureSegment]:
    """Leave segments out evenly over the time, so that at most `MOST_ROWS` rows are read."""
    rows = sum(segment.rows for segment in found)
    most = len(found) if rows <= MOST_ROWS else max(1, len(found) * MOST_ROWS // rows)
    return sampling.evenly(found, most)


def outcomes(
    db: Session, deployment_id: uuid.UUID, version: int, since: dt.datetime, until: dt.datetime
) -> pa.Table:
    """Give what really came of predictions of a version, with what joins it to rows."""
    wanted = ["prediction_id", "row", "actual", "version"]
    found = _outcomes(db, deployment_id, since, until).select(wanted)
    return found.filter(pc.equal(found["version"], version)).drop_columns(["version"])


def _outcomes(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> pa.Table:
    first = int(since.timestamp()) // HOUR * HOUR
    return outcome_hours.read(db, deployment_id, first, int(until.timestamp()))
