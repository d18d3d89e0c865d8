"""Answers as CSV, arrays and Arrow streams, made from the JSON answer every engine gives."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson

from . import arrow_writer, npy
from .answers import decode_predictions
from .media import Form
from .package import Signature
from .records import Skin


class NoSuchForm(ValueError):
    """The predictions cannot be written in the form a caller accepts."""


def written(form: Form, skin: Skin, document: bytes, signature: Signature) -> bytes:
    """Write the predictions of a JSON answer in another form, one row each.

    Raises:
        NoSuchForm: they do not fit it.
    """
    predictions = decode_predictions(skin, document)
    if form is Form.npy:
        return _npy(predictions)
    columns = _columns(predictions, signature)
    if form is Form.arrow:
        return arrow_writer.write(columns, len(predictions))
    return _csv(columns)


def _columns(predictions: list[Any], signature: Signature) -> dict[str, list[Any]]:
    if predictions and all(type(row) is dict for row in predictions):
        names = dict.fromkeys(name for row in predictions for name in row)
        return {name: [row.get(name) for row in predictions] for name in names}
    given = signature.outputs[0].name if len(signature.outputs) == 1 else "0"
    return {"prediction" if given == "0" else given: predictions}


def _csv(columns: dict[str, list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(zip(*(map(_cell, values) for values in columns.values()), strict=True))
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if type(value) is str else orjson.dumps(value).decode()


def _npy(predictions: list[Any]) -> bytes:
    shape, flat = [len(predictions)], predictions
    while flat and all(type(item) is list for item in flat):
        widths = {len(item) for item in flat}
        if len(widths) > 1:
            raise NoSuchForm("The predictions have different lengths: they are no array.")
        shape.append(widths.pop())
        flat = [leaf for item in flat for leaf in item]
    try:
        return npy.write(flat, shape)
    except npy.NpyError:
        raise NoSuchForm("The predictions are of several kinds: they are no array.") from None
