"""Rows of tables that others keep, as outcomes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
from pydantic import ValidationError

from .outcome_schemas import OutcomeIn


def as_outcome(row: dict[str, Any]) -> OutcomeIn | str:
    """Give a row's outcome, or what is wrong with it. Times without a zone are UTC."""
    found = {name: value for name, value in row.items() if value is not None and value != ""}
    try:
        if "prediction_id" in found:
            found["prediction_id"] = str(found["prediction_id"])
        for name in ("at", "since"):
            if name in found:
                found[name] = _instant(name, found[name])
        if "value" in found:
            found["value"] = relevant(found["value"])
        if "row" in found:
            found["row"] = _whole(found["row"])
    except (ValueError, OverflowError) as refused:
        return str(refused)
    return validated(found)


def validated(found: dict[str, Any]) -> OutcomeIn | str:
    """Give an outcome of these facts, or what is wrong with them."""
    try:
        return OutcomeIn.model_validate(found)
    except ValidationError as refused:
        problem = refused.errors()[0]
        where = ".".join(str(part) for part in problem["loc"][:1])
        if not where:  # of the whole, in our own words
            return str(problem["msg"]).removeprefix("Value error, ")
        return f"{where}: {problem['msg']}"


def relevant(value: Any) -> Any:
    """Read the relevant items of a ranking, which tables hold as a list, a map or JSON text."""
    if isinstance(value, str) and value[:1] in {"[", "{"}:
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return found if isinstance(found, list | dict) else value
    if isinstance(value, list) and value and all(isinstance(one, tuple) for one in value):
        return dict(value)  # what a map is read as
    if isinstance(value, dict):
        return {name: gain for name, gain in value.items() if gain is not None}
    return value


def _instant(name: str, value: Any) -> dt.datetime:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(
                f"{name}: {value[:64]!r} is no time like 2026-11-21T08:00:00Z."
            ) from None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time())
    if not isinstance(value, dt.datetime):
        raise ValueError(f"{name}: it is no time like 2026-11-21T08:00:00Z.")  # noqa: TRY004 - of a row
    return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)


def _whole(value: Any) -> int:
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        found = -1
    if found < 0 or (isinstance(value, float) and value != found):
        raise ValueError(f"row: {str(value)[:64]!r} is no number of a row, from 0.")
    return found
