"""The forms a request body may take, told apart before anything is checked against a signature."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .package import Signature
from .records import Skin
from .tensors import TensorError, flatten, nest
from .values import from_text

DATATYPES = frozenset(
    ["BOOL", "BYTES", "FP16", "FP32", "FP64"]
    + [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)
# The last is what curl sends when nobody named a type.
_JSON_MEDIA = {"application/json", "", "text/plain", "application/x-www-form-urlencoded"}
_INVOCATION_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_PREDICT_KEYS = ("rows", "row", "columns")


class BodyError(ValueError):
    """A body that has none of the accepted forms."""

    def __init__(self, problem: str, row: int | None = None, column: str | None = None) -> None:
        self.row, self.column = row, column
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Records:
    """Rows as objects."""

    rows: list[Any]

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Split:
    """Column names once, then rows as lists; `is_text` when the cells came from CSV untyped."""

    names: list[str]
    rows: list[Any]
    is_text: bool = False

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Tensors:
    """Named columns or tensors, each a list over rows."""

    columns: dict[str, list[Any]]

    def count(self) -> int:
        """Give the number of rows of the first column."""
        return len(next(iter(self.columns.values()), []))


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Rows without column names."""

    rows: list[Any]

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


Table = Records | Split | Tensors | Unnamed


@dataclass(frozen=True, slots=True)
class Body:
    """A body whose form is known."""

    table: Table
    params: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


def read_body(
    skin: Skin,
    content_type: str,
    body: bytes,
    loads: Callable[[bytes], Any],
    signature: Signature,
) -> Body:
    """Tell the form of a body.

    Raises:
        BodyError: it has none of the forms this skin accepts.
    """
    media = content_type.split(";", 1)[0].strip().lower()
    if skin is not Skin.v2 and media == "text/csv":
        return Body(_csv(body, signature))
    if media not in _JSON_MEDIA and not media.endswith("+json"):
        accepted = "application/json" if skin is Skin.v2 else "application/json or text/csv"
        raise BodyError(f"content type {media!r} is not accepted, send {accepted}")
    parsed = loads(body)
    if not isinstance(parsed, dict):
        raise BodyError("the body must be a JSON object")
    if skin is Skin.v2:
        return _v2(parsed, signature)
    keys = _PREDICT_KEYS if skin is Skin.predict else _INVOCATION_KEYS
    given = [key for key in keys if key in parsed]
    if len(given) != 1:
        raise BodyError(f"the body must have exactly one of {', '.join(keys)}")
    unknown = [key for key in parsed if key not in (*keys, "params")]
    if unknown and skin is Skin.predict:
        raise BodyError(f"unknown key {unknown[0]!r} beside {given[0]!r}")
    return Body(_table(given[0], parsed[given[0]]), _mapping(parsed.get("params"), "params"))


def _table(key: str, value: Any) -> Table:
    match key:
        case "row":
            return _rows([value], key)
        case "rows" | "instances" | "dataframe_records":
            return _rows(_listed(value, key), key)
        case "columns":
            return _columns(_mapping(value, key))
        case "dataframe_split":
            split = _mapping(value, key)
            rows = _listed(split.get("data"), "dataframe_split.data")
            if split.get("columns") is None:
                return Unnamed(rows)
            names = _listed(split["columns"], "dataframe_split.columns")
            return Split([str(name) for name in names], rows)
        case _:
            if isinstance(value, dict):
                return _columns(value)
            return _rows(_listed(value, key), key)


def _rows(rows: list[Any], key: str) -> Table:
    objects = sum(isinstance(row, dict) for row in rows)
    if objects == len(rows) or key == "dataframe_records":
        return Records(rows)
    if objects:
        odd = next(index for index, row in enumerate(rows) if not isinstance(row, dict))
        raise BodyError("expected an object with one value per column, like the other rows", odd)
    return Unnamed(rows)


def _columns(value: dict[str, Any]) -> Tensors:
    for name, values in value.items():
        if not isinstance(values, list):
            raise BodyError("expected a list with one value per row", None, str(name))
    return Tensors(value)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None and name == "params":
        return {}
    if not isinstance(value, dict):
        raise BodyError(f"{name} must be an object")
    return value


def _listed(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise BodyError(f"{name} must be a list")
    return value


def _csv(body: bytes, signature: Signature) -> Split:
    try:
        text = body.decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except UnicodeDecodeError as error:
        raise BodyError(f"the CSV is not UTF-8 at byte {error.start}") from None
    except csv.Error as error:
        raise BodyError(f"the body is not valid CSV: {error}") from None
    if not lines:
        raise BodyError("there are no rows to predict")
    names, rows = lines[0], lines[1:]
    if not signature.inputs or signature.is_tensor:
        return Split(names, rows, is_text=True)
    types = {column.name: column for column in signature.inputs}
    kinds = [types.get(name) for name in names]
    typed: list[Any] = []
    for index, row in enumerate(rows):
        if len(row) != len(names):
            column = names[len(row)] if len(row) < len(names) else None
            raise BodyError(f"expected {len(names)} values, got {len(row)}", index, column)
        pairs = zip(row, kinds, strict=True)
        typed.append([cell if kind is None else from_text(cell, kind) for cell, kind in pairs])
    return Split(names, typed)


def _v2(parsed: dict[str, Any], signature: Signature) -> Body:
    inputs = _listed(parsed.get("inputs"), "inputs")
    tensors: dict[str, list[Any]] = {}
    shapes: dict[str, list[int]] = {}
    for entry in inputs:
        name, rows, shape = _v2_tensor(entry)
        if name in tensors:
            raise BodyError("the input is named twice", None, name)
        tensors[name], shapes[name] = rows, shape
    request_id = parsed.get("id")
    if request_id is not None and not isinstance(request_id, str):
        raise BodyError("id must be a string")
    known = {column.name for column in signature.params}
    params = {k: v for k, v in _mapping(parsed.get("parameters"), "params").items() if k in known}
    return Body(_v2_table(tensors, shapes, signature), params, request_id)


def _v2_table(
    tensors: dict[str, list[Any]], shapes: dict[str, list[int]], signature: Signature
) -> Table:
    if not signature.is_tensor:
        wanted = {column.name for column in signature.inputs}
        only = next(iter(tensors), None)
        if len(tensors) == 1 and only is not None and only not in wanted:
            return Unnamed(tensors[only])
        for name, shape in shapes.items():
            if len(shape) == 2 and shape[1] == 1:
                tensors[name] = [row[0] for row in tensors[name]]
    return Tensors(tensors)


def _v2_tensor(entry: Any) -> tuple[str, list[Any], list[int]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise BodyError("each input must be an object with a name")
    name = entry["name"]
    shape, data = entry.get("shape"), entry.get("data")
    if entry.get("datatype") not in DATATYPES:
        raise BodyError(f"unknown datatype {entry.get('datatype')!r}", None, name)
    if (entry.get("parameters") or {}).get("binary_data_size") is not None:
        raise BodyError("the binary tensor extension is not offered, send data as JSON", None, name)
    sound = isinstance(shape, list) and shape and all(type(n) is int and n >= 0 for n in shape)
    if not sound or not isinstance(shape, list):
        raise BodyError("shape must be a list of whole numbers", None, name)
    if not isinstance(data, list):
        raise BodyError("data must be a list", None, name)
    if any(isinstance(item, list) for item in data):
        try:
            data = flatten(data, tuple(shape), None)
        except TensorError as error:
            raise BodyError(str(error), error.row, name) from None
    if len(data) != math.prod(shape):
        problem = f"shape {shape} needs {math.prod(shape)} values, got {len(data)}"
        raise BodyError(problem, None, name)
    return name, nest(data, shape), shape
