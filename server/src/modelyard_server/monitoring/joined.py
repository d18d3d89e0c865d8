"""Kept rows beside what really came of them: inputs, prediction, outcome, loss."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.lazily import lazily

from . import captures
from .delta import HOUR
from .models import Outcome
from .quality import Floats
from .segments import INPUT

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")


MOST_ROWS = 500_000
POSITIVE_FROM = 0.5


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows of a time whose outcome is known. `score`: probability of the positive class or NaN."""

    columns: dict[str, list[Any]]
    predicted: list[str]
    actual: list[str]
    predicted_number: Floats
    actual_number: Floats
    score: Floats

    def __len__(self) -> int:
        return len(self.actual)


def read(
    db: Session,
    blobs: BlobStore,
    deployment_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
    condition: str | None = None,
) -> Joined:
    """Join kept rows with their outcomes; `condition` is SQL that `expressions` wrote.

    Raises:
        NothingCaptured: no rows were kept in that time.
        TooManyRows: they are too many for one question.
    """
    known = outcomes(db, deployment_id, since, until)
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        files = captures.copy_segments(db, blobs, deployment_id, since, until, folder)
        rows = captures.select_rows(files, since, until)
        with captures.connect(folder) as reader:
            reader.register("outcomes", known)
            # `rows` and `condition` were written by us; see `expressions`.
            parts = ["SELECT * FROM (", rows, ') JOIN outcomes USING (prediction_id, "row")']
            parts += [" WHERE ", condition] if condition else []
            query = "".join([*parts, f" LIMIT {MOST_ROWS}"])
            table = reader.sql(query).to_arrow_table()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _joined(table)


def _joined(table: pa.Table) -> Joined:
    def numbers(name: str) -> Floats:
        return np.array(table[name].cast(pa.float64()).to_numpy(), dtype=np.float64)

    found = Joined(
        columns={
            name.removeprefix(INPUT): table[name].to_pylist()
            for name in table.column_names
            if name.startswith(INPUT)
        },
        predicted=table["predicted"].to_pylist(),
        actual=table["actual"].to_pylist(),
        predicted_number=numbers("predicted_number"),
        actual_number=numbers("actual_number"),
        score=numbers("score"),
    )
    return _as_classes(found) if _is_of_scores(found) else found


def _is_of_scores(rows: Joined) -> bool:
    """Numbers between 0 and 1 whose outcomes are only 0 and 1 are probabilities."""
    said, was = rows.predicted_number, rows.actual_number
    plain = bool(((said >= 0) & (said <= 1)).all()) and bool((said % 1 != 0).any())
    return plain and bool(np.isin(was, (0.0, 1.0)).all())


def _as_classes(rows: Joined) -> Joined:
    said = [str(int(number >= POSITIVE_FROM)) for number in rows.predicted_number]
    was = [str(int(number)) for number in rows.actual_number]
    return replace(rows, predicted=said, actual=was, score=rows.predicted_number)


def outcomes(
    db: Session, deployment_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> pa.Table:
    """Give the known outcomes of predictions of a time."""
    query = select(
        Outcome.prediction_id,
        Outcome.row,
        Outcome.predicted,
        Outcome.actual,
        Outcome.predicted_number,
        Outcome.actual_number,
        Outcome.score,
    ).where(
        Outcome.deployment_id == deployment_id,
        Outcome.hour >= int(since.timestamp()) // HOUR * HOUR,
        Outcome.hour < int(until.timestamp()),
    )
    found = db.execute(query.limit(MOST_ROWS)).all()
    columns = list(zip(*found, strict=True)) or [()] * 7
    kinds = [pa.string(), pa.int32(), pa.string(), pa.string(), *[pa.float64()] * 3]
    names = ["prediction_id", "row", "predicted", "actual"]
    names += ["predicted_number", "actual_number", "score"]
    arrays = [pa.array(values, type=kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))
