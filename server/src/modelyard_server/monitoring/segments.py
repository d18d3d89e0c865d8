"""Rows of calls as Parquet: one file of many rows, readable by anything. Pure functions."""

from __future__ import annotations

import datetime as dt
import functools
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_protocol.package import DType, Signature
from modelyard_protocol.records import Prediction
from modelyard_server.kernel.lazily import lazily

from . import capture, texts
from .capture import PREDICTION
from .policy import Keep, Policy, hashed, of_texts

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pa_parquet
else:
    pa = lazily("pyarrow")
    pa_parquet = lazily("pyarrow.parquet")


INPUT, OUTPUT = "in.", "out."
_PLAIN = frozenset({float, int, str, bool, type(None)})


def quoted(column: str) -> str:
    """Write a column's name for a query."""
    return '"' + column.replace('"', '""') + '"'


@functools.cache
def _types() -> dict[DType, pa.DataType]:
    return {
        DType.boolean: pa.bool_(),
        DType.integer: pa.int64(),
        DType.long: pa.int64(),
        DType.float: pa.float64(),
        DType.double: pa.float64(),
        DType.string: pa.string(),
    }


@functools.cache
def _facts() -> dict[str, pa.DataType]:
    return {
        "prediction_id": pa.string(),
        "row": pa.int32(),
        "at": pa.timestamp("us", tz="UTC"),
        "revision": pa.int32(),
        "version": pa.int32(),
        "status": pa.int16(),
        "source": pa.string(),
        "skin": pa.string(),
        "key_id": pa.string(),
        "total_us": pa.int64(),
        "model_us": pa.int64(),
        "request_bytes": pa.int64(),
        "response_bytes": pa.int64(),
        "weight": pa.float64(),
        "error": pa.string(),
    }


@dataclass(slots=True)
class Rows:
    """Rows of one deployment on their way into a file, column by column."""

    facts: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _facts()})
    values: dict[str, list[Any]] = field(default_factory=dict)
    types: dict[str, pa.DataType] = field(default_factory=dict)
    sampled_out: int = 0
    """Calls that the sampling rate left out."""

    def __len__(self) -> int:
        return len(self.facts["row"])

    def add(
        self, records: Sequence[Prediction], signature: Signature, policy: Policy, key: bytes
    ) -> None:
        """Add the rows of calls of one revision; the usual ones come first, decoded together."""
        policy = of_texts(policy) if texts.are_texts(records) else policy
        kept = [record for record in records if policy.keeps(record.id, record.status)]
        self.sampled_out += len(records) - len(kept)
        for record in self._add_together(kept, signature, policy, key):
            columns, outputs = capture.whole(record, signature)
            count = max(1, len(outputs), *(len(v) for v in columns.values()), 0)
            self._add_facts([record], [count], policy)
            self._add_values(_found(columns, outputs, policy, key), count)
        declared = {INPUT + c.name: c.dtype for c in signature.inputs if c.shape is None}
        for name, dtype in declared.items():
            if policy.of(name.removeprefix(INPUT)) is Keep.store and dtype in _types():
                self.types.setdefault(name, _types()[dtype])

    def _add_together(
        self, records: Sequence[Prediction], signature: Signature, policy: Policy, key: bytes
    ) -> Sequence[Prediction]:
        """Add calls whose values are numbers and text, five times as fast; give the other calls.

        Lists and objects become columns by the shape of their own call, so those go one by one.
        """
        columns, sent = capture.decoded_together(records, signature)
        answers = {at: capture.answers_of(records[at]) for at in sent}
        counts = {at: len(rows) for at, rows in sent.items()}
        outputs = [one for at, own in answers.items() for one in _padded(own, counts[at])]
        is_even = len(outputs) == sum(counts.values())
        if not is_even or not all(map(_is_plain, [outputs, *columns.values()])):
            return records
        self._add_facts([records[at] for at in sent], list(counts.values()), policy)
        told = outputs if any(one is not None for one in outputs) else []
        self._add_values(_found(columns, told, policy, key), len(outputs))
        return [record for at, record in enumerate(records) if at not in sent]

    def _add_facts(
        self, records: Sequence[Prediction], counts: Sequence[int], policy: Policy
    ) -> None:
        whole = [r for r, count in zip(records, counts, strict=True) for _ in range(count)]
        facts: dict[str, Iterable[Any]] = {
            "prediction_id": (r.id[:128] for r in whole),
            "row": chain.from_iterable(map(range, counts)),
            "at": (r.at_us for r in whole),
            "revision": (r.revision for r in whole),
            "version": (r.version for r in whole),
            "status": (r.status for r in whole),
            "source": (r.source.value for r in whole),
            "skin": (r.skin.value for r in whole),
            "key_id": (r.key_id for r in whole),
            "total_us": (r.total_us for r in whole),
            "model_us": (r.model_us for r in whole),
            "request_bytes": (r.request_bytes for r in whole),
            "response_bytes": (r.response_bytes for r in whole),
            "weight": (policy.weight(r.status) * r.weight for r in whole),
            "error": (capture.reason(r) if r.status >= 400 else None for r in whole),
        }
        for name, values in facts.items():
            self.facts[name].extend(values)

    def _add_values(self, found: dict[str, list[Any]], count: int) -> None:
        before = len(self) - count
        for name, values in found.items():
            held = self.values.setdefault(name, [None] * before)
            held.extend(values)
            held.extend([None] * (count - len(values)))
        for name, held in self.values.items():
            if name not in found:
                held.extend([None] * count)

    def table(self) -> pa.Table:
        """Give the rows as a table; a column whose values do not fit its type becomes text."""
        arrays = {name: pa.array(self.facts[name], type=kind) for name, kind in _facts().items()}
        for name, values in sorted(self.values.items()):
            arrays[name] = _array(values, self.types.get(name))
        return pa.table(arrays)

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """Give the first and last instant."""
        first, last = min(self.facts["at"]), max(self.facts["at"])
        return (
            dt.datetime.fromtimestamp(first / 1e6, dt.UTC),
            dt.datetime.fromtimestamp(last / 1e6, dt.UTC),
        )


def write(table: pa.Table) -> bytes:
    """Write a table as one Parquet file."""
    stream = io.BytesIO()
    pa_parquet.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def read(content: bytes) -> pa.Table:
    """Read a file back."""
    return pa_parquet.read_table(io.BytesIO(content))


def without(table: pa.Table, column: str, words: set[str]) -> tuple[pa.Table, list[str]]:
    """Leave out the calls of which a row names one of the words; give their ids too."""
    if column not in table.column_names:
        return table, []
    told = [None if v is None else str(v) for v in table[column].cast(pa.string()).to_pylist()]
    ids = table["prediction_id"].to_pylist()
    gone = {ids[at] for at, value in enumerate(told) if value in words}
    if not gone:
        return table, []
    kept = pa.array([identifier not in gone for identifier in ids])
    return table.filter(kept), sorted(gone)


def _padded(values: list[Any], count: int) -> list[Any]:
    """Give at least so many values; missing ones are `None`."""
    return values + [None] * (count - len(values))


def _found(
    columns: dict[str, list[Any]], outputs: list[Any], policy: Policy, key: bytes
) -> dict[str, list[Any]]:
    found = {
        INPUT + name: _kept(values, policy.of(name), key)
        for name, values in columns.items()
        if policy.of(name) in {Keep.store, Keep.hash}
    }
    if outputs:
        found |= {OUTPUT + n: v for n, v in capture.flat({PREDICTION: outputs}).items()}
    return found


def _is_plain(values: list[Any]) -> bool:
    return set(map(type, values)) <= _PLAIN


def _kept(values: list[Any], keep: Keep, key: bytes) -> list[Any]:
    return [hashed(value, key) for value in values] if keep is Keep.hash else values


def _array(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kind is None and kinds and kinds <= {int, float}:
        kind = pa.float64()
    elif kind is None and kinds == {bool}:
        kind = pa.bool_()
    if kind is not None and kind != pa.string():
        try:
            return pa.array(values, type=kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            pass
    return pa.array([_text(value) for value in values], type=pa.string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
