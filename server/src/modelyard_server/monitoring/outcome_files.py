"""Outcomes as a file: CSV or Parquet with `prediction_id`, `value`, perhaps `at` and `row`.

Instead of `prediction_id` it may have `entity` with `at`, and perhaps `since`.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modelyard_server.kernel.lazily import lazily

from . import outcome_rows
from .errors import OutcomesUnreadable
from .outcome_schemas import OutcomeIn

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_csv = lazily("pyarrow.csv")
    pa_parquet = lazily("pyarrow.parquet")


MOST_BYTES = 64 * 1024 * 1024
MOST_ROWS = 1_000_000
KNOWN = ("prediction_id", "entity", "value", "at", "since", "row")
_MAGIC = b"PAR1"


def read(content: bytes) -> Iterator[OutcomeIn | str]:
    """Give each row's outcome, or what is wrong with it.

    Raises:
        OutcomesUnreadable: it is neither CSV nor Parquet, or columns are missing.
    """
    table = _table(content)
    needed = ("entity", "at") if "entity" in table.column_names else ("prediction_id",)
    missing = [name for name in (*needed, "value") if name not in table.column_names]
    if missing:
        raise OutcomesUnreadable(f"The file has no column {missing[0]}.")
    if table.num_rows > MOST_ROWS:
        raise OutcomesUnreadable(f"The file may have at most {MOST_ROWS:,} rows.")
    kept = table.select([name for name in KNOWN if name in table.column_names])
    for batch in kept.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            yield _outcome(row)


def _table(content: bytes) -> pa.Table:
    if not content.strip():
        raise OutcomesUnreadable("The file is empty.")
    try:
        if content[:4] == _MAGIC:
            return pa_parquet.read_table(io.BytesIO(content))
        texts = {"prediction_id": pa.string(), "entity": pa.string()}
        ids = pa_csv.ConvertOptions(column_types=texts)
        return pa_csv.read_csv(io.BytesIO(content), convert_options=ids)
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0][:200]
        raise OutcomesUnreadable(f"It is neither CSV nor Parquet: {said}") from None


def _outcome(row: dict[str, Any]) -> OutcomeIn | str:
    found = {name: value for name, value in row.items() if value is not None}
    if "value" in found:
        found["value"] = outcome_rows.relevant(found["value"])
    for at in (found.get("at"), found.get("since")):
        if isinstance(at, dt.datetime) and at.tzinfo is None:
            return "The time has no time zone. Example: 2026-11-21T08:00:00Z."
    return outcome_rows.validated(found)
