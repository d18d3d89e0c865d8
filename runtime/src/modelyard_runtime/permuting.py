"""How much a model relies on each input: shuffle one, and see how much worse it answers.

Source: permutation importance (Breiman 2001; Fisher, Rudin, Dominici 2019). Without known
outcomes it is how far the answers move from what they were.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modelyard_protocol.inference import Request, read_request
from modelyard_protocol.package import Signature
from modelyard_protocol.records import Skin

from .comparing import equal

REPEATS = 5
MOST_SECONDS = 60.0
SUM_TOLERANCE = 1e-3
TOLERANCE = 1e-9
POSITIVE = frozenset({"1", "1.0", "true", "yes", "positive"})
LABELS = ("label", "class", "prediction")
SCORES = ("score", "probability")
Predict = Callable[[Request], list[Any]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Mean loss of the untouched rows, and by input how much larger it got."""

    loss: float
    importance: dict[str, float]
    spread: dict[str, float]
    """Standard deviation over the repeats."""
    repeats: int
    rows: int


def decoded(rows: list[dict[str, Any]], signature: Signature) -> Request:
    """Read rows as a caller would send them.

    Raises:
        InvalidRows: they are not what the model accepts.
    """
    import orjson

    body = orjson.dumps({"rows": rows})
    return read_request(Skin.predict, "application/json", body, signature, max_rows=100_000)


def measure(
    predict: Predict, request: Request, actual: Sequence[Any] | None, *, is_number: bool
) -> Measured:
    """Shuffle every input a few times, as often as the time allows, at least once.

    Raises:
        TimeoutError: once takes too long already.
    """
    started = time.perf_counter()
    answers = predict(request)
    truth: Sequence[Any] = answers if actual is None else actual
    loss = _loss(answers, truth, is_number)
    once = max(1e-6, time.perf_counter() - started)
    affordable = int(MOST_SECONDS / (once * max(1, len(request.columns))))
    if affordable < 1:
        raise TimeoutError(f"shuffling every input takes longer than {MOST_SECONDS:g} seconds")
    repeats = min(REPEATS, affordable)
    importance: dict[str, float] = {}
    spread: dict[str, float] = {}
    for name, values in request.columns.items():
        draw = random.Random(name)  # noqa: S311 - the same shuffle each time
        worse = []
        for _ in range(repeats):
            shuffled = draw.sample(values, len(values))
            changed = replace(request, columns={**request.columns, name: shuffled})
            worse.append(_loss(predict(changed), truth, is_number) - loss)
        importance[name] = sum(worse) / repeats
        spread[name] = _deviation(worse)
    return Measured(loss, importance, spread, repeats, request.rows)


def _loss(answers: Sequence[Any], truth: Sequence[Any], is_number: bool) -> float:
    pairs = zip(answers, truth, strict=True)
    return sum(distance(said, was, is_number) for said, was in pairs) / max(1, len(truth))


def distance(said: Any, was: Any, is_number: bool) -> float:
    """Give how wrong an answer is: probability on the wrong classes, a miss, or the distance."""
    if isinstance(said, list) and isinstance(was, list):
        return sum(abs(_number(a) - _number(b)) for a, b in zip(said, was, strict=False)) / 2
    if isinstance(said, list):
        return _of_probabilities(said, was)
    if isinstance(said, dict):
        return _of_object(said, was)
    if isinstance(said, float) and 0 <= said <= 1 and _is_hit(was) is not None:
        return abs(said - float(_is_hit(was) or 0))
    if is_number:
        return abs(_number(said) - _number(was))
    return float(not equal(said, was, TOLERANCE) and _text(said) != _text(was))


def _of_probabilities(said: list[Any], was: Any) -> float:
    chances = [_number(value) for value in said]
    if abs(sum(chances) - 1) > SUM_TOLERANCE:
        return float(_text(said) != _text(was))
    at = _number(was)
    if at != at and _is_hit(was) is not None:  # noqa: PLR0124 - NaN
        at = float(_is_hit(was) or 0)
    whole = at == int(at) if at == at else False  # noqa: PLR0124 - NaN
    return 1 - chances[int(at)] if whole and 0 <= at < len(chances) else 1.0


def _of_object(said: dict[str, Any], was: Any) -> float:
    score = next((said[key] for key in SCORES if key in said), None)
    if isinstance(was, dict):
        other = next((was[key] for key in SCORES if key in was), None)
        if isinstance(score, int | float) and isinstance(other, int | float):
            return abs(score - other)
        return float(said != was)
    hit = _is_hit(was)
    if isinstance(score, int | float) and hit is not None:
        return abs(score - float(hit))
    label = next((said[key] for key in LABELS if key in said), None)
    return float(_text(label) != _text(was))


def _is_hit(value: Any) -> bool | None:
    text = _text(value).lower()
    if text in POSITIVE:
        return True
    return False if text in {"0", "0.0", "false", "no", "negative"} else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _deviation(values: list[float]) -> float:
    middle = sum(values) / len(values)
    return float((sum((value - middle) ** 2 for value in values) / len(values)) ** 0.5)
