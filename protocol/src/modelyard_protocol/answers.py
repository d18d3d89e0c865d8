"""Reading predictions back out of an answer's body, whichever protocol the call spoke."""

from __future__ import annotations

import json
from typing import Any

from .records import Skin


def decode_predictions(skin: Skin, body: bytes | str) -> list[Any]:
    """Give the predictions of an answer, one entry per row.

    Of a v2 answer the first output is read; a flat tensor is cut into rows by its shape.

    Raises:
        ValueError: the body is not an answer of this protocol.
    """
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
