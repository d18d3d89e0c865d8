"""Makes a prediction and its outcome comparable: 1, 1.0, "1" and `true` are the same class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import orjson

from . import ranking

LABELS = ("label", "class", "prediction")
SCORES = ("score", "probability", "probabilities")
SUM_TOLERANCE = 1e-3
LONGEST = 500  # characters of a label


class Mismatch(ValueError):
    """They cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One value as a class label, and as a number when it is one."""

    label: str
    number: float | None
    score: float | None = None
    """Probability of the positive class, of a model that gives one with its class."""
    ranked: str | None = None
    """JSON list of items, of a model that puts them in order."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What a model said beside what came true."""

    predicted: Answer
    actual: Answer


def pair(said: Any, value: Any) -> Pair:
    """Read what a model said of a row and its outcome as values of one kind.

    A list or an object as outcome names relevant items: then the model's answer is a ranking.

    Raises:
        Mismatch: they cannot be compared.
    """
    if isinstance(value, list | dict):
        return _of_ranking(said, value)
    try:
        predicted = as_predicted(said)
    except Mismatch:
        if not isinstance(said, list | dict):
            raise
        try:
            return _of_ranking(said, value)  # its one relevant item
        except Mismatch:
            pass
        raise
    return Pair(predicted, as_actual(predicted, value))


def again(predicted: Answer, value: Any) -> Answer:
    """Read another outcome of a prediction that was read before.

    Raises:
        Mismatch: it is of another kind.
    """
    if predicted.ranked is not None:
        return _relevant(value)
    if isinstance(value, list | dict):
        raise Mismatch("The model's answer was read as a single value; a list was sent.")
    return as_actual(predicted, value)


def places(ranked: str, value: str) -> dict[str, Any]:
    """Give what metrics need of a kept ranking and the JSON of its outcome."""
    return ranking.places(orjson.loads(ranked), ranking.gains_of(orjson.loads(value)))


def _of_ranking(said: Any, value: Any) -> Pair:
    try:
        items = ranking.items_of(said)
    except ranking.NoRanking as refused:
        raise Mismatch(str(refused)) from None
    first = _label(items[0]) if items else ""
    return Pair(Answer(first, None, ranked=orjson.dumps(items).decode()), _relevant(value))


def _relevant(value: Any) -> Answer:
    try:
        gains = ranking.gains_of(value)
    except ranking.NoRanking as refused:
        raise Mismatch(str(refused)) from None
    return Answer(_label(max(gains, key=gains.__getitem__)), None)


def _label(item: str) -> str:
    return item[:LONGEST]


def as_predicted(value: Any) -> Answer:
    """Read what the model said of a row.

    A list of probabilities says the class of the largest, the first being class 0; an object says
    it in `label`, `class` or `prediction`, and how sure it is in `score` or `probability`.

    Raises:
        Mismatch: it is none of that.
    """
    if isinstance(value, list):
        return _from_probabilities(value)
    if isinstance(value, dict):
        return _from_object(value)
    if isinstance(value, bool):
        return Answer("true" if value else "false", None)
    if isinstance(value, int | float) and math.isfinite(value):
        return Answer(_written(value), float(value))
    if isinstance(value, str):
        return Answer(value, None)
    raise Mismatch("The prediction is not a single value.")


def _from_probabilities(values: list[Any]) -> Answer:
    plain = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not plain or len(values) < 2 or abs(sum(values) - 1) > SUM_TOLERANCE or min(values) < 0:
        raise Mismatch("The prediction is a list and not one of probabilities.")
    best = max(range(len(values)), key=values.__getitem__)
    return Answer(str(best), None, float(values[1]) if len(values) == 2 else None)


def _from_object(value: dict[str, Any]) -> Answer:
    said = next((value[key] for key in LABELS if key in value), None)
    if said is None or isinstance(said, list | dict):
        raise Mismatch("The prediction is an object without label, class or prediction.")
    found = as_predicted(said)
    score = next((value[key] for key in SCORES if key in value), None)
    if isinstance(score, list) and len(score) == 2:
        score = score[1]
    if isinstance(score, int | float) and 0 <= score <= 1:
        return Answer(found.label, found.number, float(score))
    return found


def as_actual(predicted: Answer, value: bool | int | float | str) -> Answer:
    """Read an outcome as the same kind of value as its prediction.

    Raises:
        Mismatch: the model predicts numbers and the outcome is none.
    """
    number = _number(value)
    if predicted.number is not None:
        if number is None:
            raise Mismatch(f"The model predicts numbers; {value!r} is none.")
        return Answer(_written(number), float(number))
    if predicted.label in {"true", "false"} and number in {0, 1}:
        return Answer("true" if number else "false", None)
    if isinstance(value, bool):
        return Answer("true" if value else "false", None)
    return Answer(value if isinstance(value, str) else _written(value), None)


def _number(value: bool | int | float | str) -> int | float | None:
    if not isinstance(value, str):
        return value
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _written(value: int | float) -> str:
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
    return str(int(value)) if whole else repr(value)
