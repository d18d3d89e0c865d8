"""Calls of language endpoints: what of their texts is shown. None of it is counted for drift."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from modelyard_protocol.language import LANGUAGE, PROMPT, RESPONSE
from modelyard_protocol.records import Prediction


def are_texts(records: Sequence[Prediction]) -> bool:
    """Tell whether these calls of one revision went to a language model."""
    return bool(records) and records[0].skin in LANGUAGE


def of(record: Prediction) -> dict[str, str]:
    """Give the texts that the gateway was told to keep of a call."""
    found: dict[str, str] = {}
    for name, body in ((PROMPT, record.request), (RESPONSE, record.response)):
        try:
            told = orjson.loads(body or "null")
        except orjson.JSONDecodeError:
            continue
        if isinstance(told, dict) and isinstance(told.get(name), str):
            found[name] = told[name]
    return found
