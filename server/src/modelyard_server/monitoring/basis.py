"""What an estimate is learned from: the uploaded reference, else outcomes that have come."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.artifacts.ports import BlobStore
from modelyard_server.kernel.lazily import lazily

from . import captures, joined, pieces, reference_tables, sampling, scoring
from .delta import HOUR
from .errors import EstimateWithoutReference
from .estimate_schemas import EstimateBasis
from .models import Outcome
from .pieces import Column
from .scoring import Answers
from .segments import INPUT, OUTPUT
from .writing import instant

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
else:
    np = lazily("numpy")


LEAST_ROWS = 300
MOST_ROWS = 20_000
MOST_FILES = 100
SPARE = 4  # times as many outcomes are looked for: not every one has a kept row
DAYS = 90


@dataclass(frozen=True, slots=True)
class Basis:
    """Rows with a known outcome. `actual`: labels as they were sent."""

    of: EstimateBasis
    inputs: Mapping[str, Sequence[Any]]
    answers: Answers
    actual: list[Any]

    @property
    def is_of_numbers(self) -> bool:
        """Tell whether the model estimates numbers."""
        return self.answers.probabilities is None


def find(
    db: Session, blobs: BlobStore, deployment_id: uuid.UUID, version: int, until: dt.datetime
) -> Basis:
    """Give the rows an estimate of a version is learned from.

    Raises:
        EstimateWithoutReference: there are too few.
    """
    entry = reference_tables.find(db, deployment_id)
    if entry is not None and entry.version == version and entry.has_outcomes and entry.has_answers:
        rows = reference_tables.rows_of(db, blobs, entry)
        name = f"{entry.name}, uploaded"
        made = _basis("uploaded", name, version, rows.inputs, rows.answers, rows.actual or [])
        if made is not None:
            return made
    found = _of_outcomes(db, blobs, deployment_id, version, until)
    if isinstance(found, Basis):
        return found
    raise EstimateWithoutReference(
        f"An estimate needs {LEAST_ROWS} rows of version {version} whose outcome is known; "
        f"there are {found:,}. Upload labelled rows that the model has not learned from, "
        "or send outcomes."
    )


def _of_outcomes(
    db: Session, blobs: BlobStore, deployment_id: uuid.UUID, version: int, until: dt.datetime
) -> Basis | int:
    """Join outcomes of a version with kept rows; a number: how many there are instead."""
    oldest = int((until - dt.timedelta(days=DAYS)).timestamp())
    known = (
        Outcome.deployment_id == deployment_id,
        Outcome.version == version,
        Outcome.hour >= oldest,
    )
    rows, first = db.execute(select(func.count(), func.min(Outcome.hour)).where(*known)).one()
    if first is None or rows < LEAST_ROWS:
        return int(rows)
    since = instant(int(first) // HOUR * HOUR)
    found = sampling.find(db, deployment_id, since, until)
    segments = sampling.evenly(found, MOST_FILES)
    if not segments:
        return 0
    most = SPARE * MOST_ROWS * len(found) // len(segments)
    outcomes = joined.outcomes(db, deployment_id, version, since, until)
    folder = Path(tempfile.mkdtemp(prefix="modelyard-rows-"))
    try:
        files = [sampling.copy(db, blobs, segment, folder) for segment in segments]
        with captures.connect(folder, memory=joined.MEMORY) as reader:
            reader.register("outcomes", outcomes)
            chosen = captures.select_rows(files)  # names of our own files only
            few = f"SELECT * FROM outcomes ORDER BY hash(prediction_id) LIMIT {most}"  # noqa: S608
            table = reader.sql(
                f'SELECT * FROM ({chosen}) JOIN ({few}) USING (prediction_id, "row") '  # noqa: S608
                f"WHERE version = {int(version)} ORDER BY hash(prediction_id) LIMIT {MOST_ROWS}"
            ).to_arrow_table()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    inputs, answers = _columns(table, INPUT), _columns(table, OUTPUT)
    name = f"outcomes since {since:%Y-%m-%d}"
    made = _basis("outcomes", name, version, inputs, answers, table["actual"].to_pylist())
    return table.num_rows if made is None else made


def _columns(table: pa.Table, prefix: str) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in table.column_names:
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = column = Column()
            column.extend(table[name])
    return found


def _basis(
    source: str,
    name: str,
    version: int,
    inputs: Mapping[str, Sequence[Any]],
    answers: Mapping[str, Sequence[Any]],
    actual: Sequence[Any],
) -> Basis | None:
    said = scoring.read(answers)
    if said is None:
        return None
    usable = said.known & (_known_outcomes(said, actual))
    if int(usable.sum()) < LEAST_ROWS:
        return None
    at = [int(i) for i in np.flatnonzero(usable)]
    of = EstimateBasis.model_validate(
        {"source": source, "name": name, "version": version, "rows": len(at)}
    )
    kept = {column: pieces.taken(values, at) for column, values in inputs.items()}
    return Basis(of, kept, said.take(usable), [actual[i] for i in at])


def _known_outcomes(said: Answers, actual: Sequence[Any]) -> scoring.Mask:
    if said.probabilities is None:
        return np.isfinite(scoring.numbers(actual))
    return scoring.classes_of(actual, said.probabilities.shape[1]) >= 0
