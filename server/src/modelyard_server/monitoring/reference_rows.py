"""Reads uploaded reference rows: CSV or Parquet, told apart into inputs, answers and outcomes."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel.lazily import lazily

from . import capture, scoring
from .errors import ReferenceUnreadable

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_csv = lazily("pyarrow.csv")
    pa_parquet = lazily("pyarrow.parquet")


MOST_ROWS = 100_000
LEAST_ROWS = 100
MOST_COLUMNS = 1000
_MAGIC = b"PAR1"
_INPUT, _OUTPUT = "in.", "out."


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of a reference by what they are. `actual`: `None` without outcomes."""

    inputs: dict[str, list[Any]]
    answers: dict[str, list[Any]]
    actual: list[Any] | None

    @property
    def has_answers(self) -> bool:
        """Tell whether the answers say scores or numbers."""
        return scoring.read(self.answers) is not None


def table(content: bytes) -> pa.Table:
    """Read a file, at most `MOST_ROWS` rows evenly taken.

    Raises:
        ReferenceUnreadable: it is no table of rows.
    """
    if not content.strip():
        raise ReferenceUnreadable("The file is empty.")
    try:
        if content[:4] == _MAGIC:
            found = pa_parquet.read_table(io.BytesIO(content))
        else:
            found = pa_csv.read_csv(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0][:200]
        raise ReferenceUnreadable(f"It is neither CSV nor Parquet: {said}") from None
    if len(set(found.column_names)) != len(found.column_names):
        raise ReferenceUnreadable("Two columns have the same name.")
    if found.num_columns > MOST_COLUMNS:
        raise ReferenceUnreadable(f"A reference has at most {MOST_COLUMNS:,} columns.")
    if found.num_rows < LEAST_ROWS:
        said = f"A reference needs at least {LEAST_ROWS} rows; the file has {found.num_rows}."
        raise ReferenceUnreadable(said)
    step = -(-found.num_rows // MOST_ROWS)
    return found if step == 1 else found.take(pa.array(range(0, found.num_rows, step)))


def written(rows: pa.Table) -> bytes:
    """Write a table as it is kept."""
    stream = io.BytesIO()
    pa_parquet.write_table(rows, stream, compression="zstd")
    return stream.getvalue()


def tell_apart(rows: pa.Table, inputs: Collection[str]) -> Rows:
    """Tell inputs, answers and outcomes apart; `inputs`: names the signature declares.

    Names as in downloaded rows (`in.age`, `out.prediction`) mean what they say.
    """
    found: dict[str, list[Any]] = {}
    answers: dict[str, list[Any]] = {}
    actual: list[Any] | None = None
    marked = any(name.startswith(_INPUT) for name in rows.column_names)
    for name in rows.column_names:
        if name.startswith(_OUTPUT) or (name not in inputs and _is_answer(name)):
            answers[name.removeprefix(_OUTPUT)] = rows[name].to_pylist()
        elif name.lower() in scoring.ACTUALS and name not in inputs:
            actual = rows[name].to_pylist() if actual is None else actual
        elif name.startswith(_INPUT) or (not marked and (not inputs or name in inputs)):
            found[name.removeprefix(_INPUT)] = rows[name].to_pylist()
    return Rows(capture.flat(found), capture.flat(answers), actual)


def _is_answer(name: str) -> bool:
    head = name.split("[", 1)[0].split(".", 1)[0]
    return head in scoring.NAMES or name in scoring.SCORES
