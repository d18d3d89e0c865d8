"""What the records of an evaluation dataset hold: the kind of each field's value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Fields = dict[str, Any]
"""Kinds by name for `inputs`, `outputs` and `expectations`; outputs may be of one kind alone."""
_PARTS = ("inputs", "outputs", "expectations")
_VERSION = "1.0"
_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "array",
    dict: "object",
}


def learnt(known: Fields | None, records: Iterable[Mapping[str, Any]]) -> Fields:
    """Add what records hold to what is known; the first kind of a field stays."""
    made: Fields = {part: {} for part in _PARTS} | {"version": _VERSION} | (known or {})
    for record in records:
        for part in _PARTS:
            value = record.get(part)
            if isinstance(value, dict) and isinstance(made[part], dict):
                made[part] = {key: _KINDS[type(v)] for key, v in value.items()} | made[part]
            elif value is not None and not isinstance(value, dict) and not made[part]:
                made[part] = _KINDS[type(value)]
    return made
