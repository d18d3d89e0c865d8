"""Turns a prediction record into columns and the few rows a person may look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from modelyard_protocol import answers, inference
from modelyard_protocol.inference import Columns
from modelyard_protocol.language import PROMPT, RESPONSE
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Prediction, Skin

from . import texts
from .policy import Keep, Mask, Policy, of_texts

SHOWN_ROWS = 5
SHOWN_TEXT = 500  # characters of one text value
SHOWN_BYTES = 32 * 1024  # of the logged rows of one call
WIDEST = 64  # a list up to this long becomes a column per element
PREDICTION = "prediction"
EVERYTHING = Policy()
_JSON = "application/json"
_PLAIN = frozenset({float, int, str, bool})


@dataclass(frozen=True, slots=True)
class Call:
    """What is logged of one call."""

    rows: int | None
    inputs: str | None
    outputs: str | None
    error: str | None


@dataclass(slots=True)
class Captured:
    """Calls of one revision: every value by column for counting, every call for the log."""

    columns: dict[str, list[Any]]
    calls: list[Call]
    sent: list[int] = field(default_factory=list)
    """Of each row of the inputs: which call it came from."""
    answered: list[int] = field(default_factory=list)
    """The same of the predictions; both in the order of `columns`, rows of a call together."""

    def row_at(self, column: str, at: int) -> tuple[int, int] | None:
        """Give call and row of a column's value; `None` where calls differ in their columns."""
        is_answer = column == PREDICTION or column.startswith((f"{PREDICTION}[", f"{PREDICTION}."))
        calls = self.answered if is_answer else self.sent
        if len(calls) != len(self.columns[column]):
            return None
        return calls[at], at - calls.index(calls[at])


def capture(
    records: Sequence[Prediction],
    signature: Signature,
    policy: Policy = EVERYTHING,
    key: bytes = b"",
) -> Captured:
    """Decode calls with the model server's own decoder; refused ones carry their reason.

    Calls that sent objects are decoded together: that costs a tenth. `policy` says what is shown
    and counted, `key` hashes.
    """
    if texts.are_texts(records):
        return _texts(records, Mask(of_texts(policy), key))
    columns, sent = decoded_together(records, signature)
    together = [at for at, rows in sent.items() for _ in rows]
    found = Captured({name: list(values) for name, values in flat(columns).items()}, [], together)
    mask = Mask(policy, key)
    answered: list[Any] = []
    for at, record in enumerate(records):
        if not 200 <= record.status < 300:
            found.calls.append(Call(None, None, None, reason(record)))
            continue
        outputs = answers_of(record)
        answered += outputs
        found.answered += [at] * len(outputs)
        if at in sent:
            rows = len(sent[at])
            shown = _shown_rows(sent[at][:SHOWN_ROWS], mask)
        else:
            alone = _decoded(record, signature)
            _extend(found.columns, flat(alone))
            rows = len(next(iter(alone.values()))) if alone else len(outputs)
            found.sent += [at] * rows if alone else []
            shown = _shown_rows(_as_rows(alone), mask)
        kept = _shown([_short(value) for value in outputs[:SHOWN_ROWS]])
        found.calls.append(Call(rows or None, shown, kept, None))
    if answered:
        _extend(found.columns, flat({PREDICTION: answered}))
    for name in [n for n in found.columns if policy.of(n) is Keep.drop]:
        del found.columns[name]
    return found


def _texts(records: Sequence[Prediction], mask: Mask) -> Captured:
    found = Captured({}, [])
    for record in records:
        is_good = 200 <= record.status < 300
        told = mask.over(_shortened(texts.of(record)))
        inputs = _shown([{PROMPT: told[PROMPT]}]) if PROMPT in told else None
        outputs = _shown([told[RESPONSE]]) if RESPONSE in told else None
        error = None if is_good else reason(record)
        found.calls.append(Call(1 if is_good else None, inputs, outputs, error))
    return found


def whole(record: Prediction, signature: Signature) -> tuple[Columns, list[Any]]:
    """Decode every row of one call, and its answers; nothing of a failed one."""
    if texts.are_texts([record]):
        return {name: [text] for name, text in texts.of(record).items()}, []
    if not 200 <= record.status < 300:
        return {}, []
    return flat(_decoded(record, signature)), answers_of(record)


def decoded_together(
    records: Sequence[Prediction], signature: Signature
) -> tuple[Columns, dict[int, list[Any]]]:
    """Decode calls that sent objects as if they were one; also give their rows by call.

    Calls in other forms, and those that do not fit, are not in it.
    """
    if not signature.inputs or signature.is_tensor:
        return {}, {}
    sent = {at: rows for at, record in enumerate(records) if (rows := _objects(record))}
    columns: Columns = {}
    fit = _decode_parts([*sent.items()], signature, columns)
    return columns, {at: sent[at] for at in fit}


def _decode_parts(
    sent: list[tuple[int, list[Any]]], signature: Signature, columns: Columns
) -> list[int]:
    """Decode calls into columns and give which fit; halves find the few that do not."""
    if not sent:
        return []
    rows = [row for _, part in sent for row in part]
    try:
        found = inference.decode_records(rows, signature)
    except inference.InvalidRows:
        if len(sent) == 1:
            return []
        half = len(sent) // 2
        first = _decode_parts(sent[:half], signature, columns)
        return first + _decode_parts(sent[half:], signature, columns)
    _extend(columns, found)
    return [at for at, _ in sent]


def _extend(columns: dict[str, list[Any]], more: dict[str, list[Any]]) -> None:
    """Add values in place; what is new is copied, for columns may share a list of gaps."""
    for name, values in more.items():
        if name in columns:
            columns[name].extend(values)
        else:
            columns[name] = list(values)


def _as_rows(columns: Columns) -> list[dict[str, Any]]:
    count = min(SHOWN_ROWS, max((len(values) for values in columns.values()), default=0))
    return [{name: values[at] for name, values in columns.items()} for at in range(count)]


def _objects(record: Prediction) -> list[Any]:
    if not 200 <= record.status < 300 or record.request is None:
        return []
    if not record.content_type.startswith(_JSON):
        return []
    try:
        body = orjson.loads(record.request)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(body, dict) or len(body) != 1:
        return []
    if record.skin is not Skin.predict:
        rows = body.get("dataframe_records")
    else:
        rows = [body["row"]] if "row" in body else body.get("rows")
    is_objects = isinstance(rows, list) and all(type(row) is dict for row in rows)
    return rows if is_objects and rows else []


def _decoded(record: Prediction, signature: Signature) -> dict[str, list[Any]]:
    try:
        body = record.request_body()
        if body is None:
            return {}
        return inference.decode(
            record.skin, record.content_type, body, signature, max_rows=1_000_000
        )
    except inference.InvalidRows:
        return {}  # accepted by an older signature of the node: counted as traffic only


def answers_of(record: Prediction) -> list[Any]:
    if record.response is None:
        return []
    try:
        return answers.decode_predictions(record.skin, record.response)
    except ValueError:
        return []


def flat(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Spread short lists and objects into a column per element, so that they can be compared."""
    flat: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if values and type(values[0]) in _PLAIN:
            flat[name] = values
            continue
        first = next((value for value in values if value is not None), None)
        longest = max((len(v) for v in values if isinstance(v, list)), default=0)
        if isinstance(first, list) and 0 < longest <= WIDEST:
            for at in range(longest):
                flat[f"{name}[{at}]"] = [
                    v[at] if isinstance(v, list) and at < len(v) else None for v in values
                ]
        elif isinstance(first, dict) and len(first) <= WIDEST:
            for key in first:
                flat[f"{name}.{key}"] = [
                    v.get(key) if isinstance(v, dict) else None for v in values
                ]
        else:
            flat[name] = values
    return flat


def _shown_rows(rows: list[Any], mask: Mask) -> str | None:
    return _shown([mask.over(_shortened(row)) for row in rows])


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    if str not in set(map(type, row.values())):
        return row
    return {name: _short(value) for name, value in row.items()}


def _shown(rows: list[Any]) -> str | None:
    while rows:
        written = orjson.dumps(rows, default=str, option=orjson.OPT_NON_STR_KEYS)
        if len(written) <= SHOWN_BYTES:
            return written.decode()
        rows = rows[: len(rows) // 2]
    return None


def _short(value: Any) -> Any:
    return value[:SHOWN_TEXT] + "…" if type(value) is str and len(value) > SHOWN_TEXT else value


def reason(record: Prediction) -> str:
    """Give why a call was refused."""
    try:
        problem = orjson.loads(record.response or "")
    except orjson.JSONDecodeError:
        return f"HTTP {record.status}"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return str(detail)[:2000] if detail else f"HTTP {record.status}"
