"""Answers of the three skins: written by the model server, read back by monitoring."""

from __future__ import annotations

import json
from typing import Any

import orjson

from .package import Signature
from .records import Skin


def encode(
    skin: Skin,
    predictions: list[Any],
    *,
    prediction_id: str,
    model: str,
    version: int,
    signature: Signature,
    request_id: str | None = None,
) -> bytes:
    """Write an answer; `predictions` has one plain value, list or object per row."""
    if skin is Skin.invocations:
        return orjson.dumps({"predictions": predictions})
    if skin is Skin.predict:
        return orjson.dumps(
            {
                "prediction_id": prediction_id,
                "model": model,
                "version": version,
                "predictions": predictions,
            }
        )
    return orjson.dumps(
        {
            "model_name": model,
            "model_version": str(version),
            "id": request_id or prediction_id,
            "outputs": _outputs(predictions, signature),
        }
    )


def decode_predictions(skin: Skin, body: bytes | str) -> list[Any]:
    """Give the predictions of an answer, one entry per row.

    Of a v2 answer the first output is read; a flat tensor is cut into rows by its shape.

    Raises:
        ValueError: the body is not an answer of this protocol.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:  # NaN and Infinity are not JSON, yet Python writes them
        answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError("An answer must be a JSON object.")  # noqa: TRY004
    if skin is not Skin.v2:
        predictions = answer.get("predictions")
        if not isinstance(predictions, list):
            raise ValueError("The answer has no list of predictions.")
        return predictions
    outputs = answer.get("outputs")
    if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], dict):
        raise ValueError("The answer has no outputs.")
    data, shape = outputs[0].get("data"), outputs[0].get("shape")
    if not isinstance(data, list) or not isinstance(shape, list) or not shape:
        raise ValueError("The first output has no data or no shape.")
    if len(data) == shape[0]:
        return data
    if shape[0] <= 0 or len(data) % shape[0]:
        raise ValueError("The first output's data does not fit its shape.")
    width = len(data) // shape[0]
    return [data[at : at + width] for at in range(0, len(data), width)]


def _outputs(predictions: list[Any], signature: Signature) -> list[dict[str, Any]]:
    if predictions and all(isinstance(row, dict) for row in predictions):
        names = list(predictions[0])
        return [_tensor(name, [row.get(name) for row in predictions]) for name in names]
    named = signature.outputs[0].name if signature.outputs else "0"
    return [_tensor(output_name(named), predictions)]


def output_name(given: str) -> str:
    """Name an output in v2's words; MLflow counts outputs that have no name."""
    return "predictions" if given == "0" else given


def _tensor(name: str, rows: list[Any]) -> dict[str, Any]:
    shape = [len(rows)]
    flat = rows
    while flat and all(isinstance(item, list) for item in flat):
        width = len(flat[0])
        if any(len(item) != width for item in flat):
            break
        shape.append(width)
        flat = [leaf for item in flat for leaf in item]
    datatype = _datatype(flat)
    if datatype == "BYTES":
        flat = [leaf if isinstance(leaf, str) else orjson.dumps(leaf).decode() for leaf in flat]
    return {"name": name, "datatype": datatype, "shape": shape, "data": flat}


def _datatype(flat: list[Any]) -> str:
    kinds = set(map(type, flat))
    if kinds == {bool}:
        return "BOOL"
    if kinds == {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float, type(None)} else "BYTES"
