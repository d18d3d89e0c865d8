"""The forms a request body may take, told apart before anything is checked against a signature."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from typing import Any

from . import arrow, media, npy, v2
from .package import Signature
from .records import Skin
from .tables import Body, BodyError, Records, Split, Table, Tensors, Unnamed, listed, mapping
from .values import from_text

_INVOCATION_KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_PREDICT_KEYS = ("rows", "row", "columns")


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
    kind = media.kind_of(content_type)
    if skin is Skin.v2:
        return _v2(content_type, body, loads, signature)
    read = _READERS.get(kind)
    if read is not None:
        return Body(read(body, signature))
    if not media.is_json(kind):
        accepted = ", ".join(media.accepted(skin, signature))
        raise BodyError(f"content type {kind!r} is not accepted, send one of {accepted}")
    parsed = loads(body)
    if not isinstance(parsed, dict):
        raise BodyError("the body must be a JSON object")
    keys = _PREDICT_KEYS if skin is Skin.predict else _INVOCATION_KEYS
    given = [key for key in keys if key in parsed]
    if len(given) != 1:
        raise BodyError(f"the body must have exactly one of {', '.join(keys)}")
    unknown = [key for key in parsed if key not in (*keys, "params")]
    if unknown and skin is Skin.predict:
        raise BodyError(f"unknown key {unknown[0]!r} beside {given[0]!r}")
    return Body(_table(given[0], parsed[given[0]]), mapping(parsed.get("params"), "params"))


def _table(key: str, value: Any) -> Table:
    match key:
        case "row":
            return _rows([value], key)
        case "rows" | "instances" | "dataframe_records":
            return _rows(listed(value, key), key)
        case "columns":
            return _columns(mapping(value, key))
        case "dataframe_split":
            split = mapping(value, key)
            rows = listed(split.get("data"), "dataframe_split.data")
            if split.get("columns") is None:
                return Unnamed(rows)
            names = listed(split["columns"], "dataframe_split.columns")
            return Split([str(name) for name in names], rows)
        case _:
            if isinstance(value, dict):
                return _columns(value)
            return _rows(listed(value, key), key)


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


def _npy(body: bytes, signature: Signature) -> Table:
    try:
        header, content = npy.read(body)
    except npy.NpyError as error:
        raise BodyError(str(error)) from None
    if isinstance(content, dict):
        return _without_nan(Tensors(content), signature)
    if len(header.shape) == 1 and not signature.is_tensor and len(signature.inputs) > 1:
        raise BodyError("the array has one dimension: send one row per line, (rows, columns)")
    return _without_nan(Unnamed(content), signature)


def _arrow(body: bytes, signature: Signature) -> Table:
    try:
        columns = arrow.read(body)
    except arrow.ArrowError as error:
        raise BodyError(str(error), None, error.column) from None
    return _without_nan(Tensors(columns), signature)


def _v2(
    content_type: str, body: bytes, loads: Callable[[bytes], Any], signature: Signature
) -> Body:
    size = media.header_bytes(content_type)
    kind = media.kind_of(content_type)
    if size is None:
        if not media.is_json(kind):
            raise BodyError(
                f"content type {kind!r} is not accepted, send {media.JSON}, or "
                "Inference-Header-Content-Length with binary data"
            )
        return v2.read(loads(body), b"", signature)
    if size > len(body):
        raise BodyError(f"the JSON header has {size} bytes, but the body only {len(body)}")
    found = v2.read(loads(body[:size]), body[size:], signature)
    return Body(_without_nan(found.table, signature), found.params, found.id)


def _without_nan(table: Table, signature: Signature) -> Table:
    """Read NaN as a missing value in columns that may miss some: binary forms have no null."""
    may_miss = {column.name: not column.required for column in signature.inputs}
    if signature.is_tensor or not any(may_miss.values()):
        return table
    if isinstance(table, Tensors):
        for name, values in table.columns.items():
            if may_miss.get(name):
                table.columns[name] = [_or_none(value) for value in values]
    elif isinstance(table, Unnamed):
        places = [at for at, column in enumerate(signature.inputs) if not column.required]
        for row in table.rows:
            for at in places:
                if isinstance(row, list) and at < len(row):
                    row[at] = _or_none(row[at])
    return table


def _or_none(value: Any) -> Any:
    return None if type(value) is float and math.isnan(value) else value


_READERS: dict[str, Callable[[bytes, Signature], Table]] = {
    media.CSV: _csv,
    media.NPY: _npy,
    media.ARROW: _arrow,
}
