"""What safeguards hold against, and what they make of it."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from modelyard_protocol.safeguards import Guard, Held, Safeguard, sureness


def a_safeguard(**facts: Any) -> Safeguard:
    return Safeguard.model_validate({"name": "rule"} | facts)


def applied(answers: list[Any], *rules: Safeguard, **inputs: list[Any]) -> Held | None:
    return Guard(rules).apply(answers, inputs.get)


RANGE = {"check": "range", "minimum": 0, "maximum": 1}
KNOWN = {"check": "unknown", "allowed": ["1", "yes"]}


@pytest.mark.parametrize(
    ("rule", "answers", "rows"),
    [
        (RANGE, [0, 0.5, 1, -0.1, 1.1], [3, 4]),
        (RANGE, [math.nan, None, "x", math.inf], [0, 1, 2, 3]),
        (RANGE, [[0.2, 0.8], [0.2, 1.8]], [1]),
        (RANGE, [{"label": "a", "score": 0.4}, {"label": "a", "score": 4}], [1]),
        (RANGE | {"column": "score"}, [{"score": 0.5}, {"score": -1}, {}], [1, 2]),
        ({"check": "missing"}, [1, math.nan, None, math.inf, "x", [1, None]], [1, 2, 3, 5]),
        (KNOWN, [1, 1.0, "yes", True, "no", None], [3, 4, 5]),
        ({"check": "confidence", "minimum": 0.7}, [0.71, 0.5, 0.1, 0.4, "a", 7], [1, 3]),
        ({"check": "confidence", "minimum": 0.7}, [[0.2, 0.8], [0.4, 0.6]], [1]),
        ({"check": "confidence", "minimum": 0.7}, [{"label": "a", "score": 0.6}], [0]),
    ],
)
def test_answers_that_are_not_as_asked_are_found_by_row(
    rule: dict[str, Any], answers: list[Any], rows: list[int]
) -> None:
    found = applied(answers, a_safeguard(**rule))
    assert found is not None
    assert found.rows == {"rule": rows}
    assert found.answers is answers


def test_inputs_are_looked_at_where_the_call_has_them() -> None:
    age = a_safeguard(on="input", column="age", check="range", minimum=0, maximum=120)
    city = a_safeguard(name="city", on="input", column="city", check="unknown", allowed=["Bern"])
    assert applied([1, 2], age, city, age=[30, None], city=["Bern", None]) is None
    assert applied([1, 2], age, city) is None
    found = applied([1, 2], age, city, age=[130, 3], city=["Bern", "Ulm"])
    assert found is not None
    assert found.rows == {"rule": [0], "city": [1]}


def test_defaults_replace_rows_and_a_refusal_wins() -> None:
    low = a_safeguard(**RANGE, action="default", default=0.5)
    part = a_safeguard(column="score", check="missing", action="default", default=0)
    told = [0.2, 7.0]
    found = applied(told, low)
    assert found is not None
    assert (found.answers, told, found.is_changed) == ([0.2, 0.5], [0.2, 7.0], True)
    parts = applied([{"label": "a", "score": None}], part)
    assert parts is not None
    assert parts.answers == [{"label": "a", "score": 0}]

    never = a_safeguard(name="never", check="range", maximum=5, action="refuse")
    refused = applied(told, low, never)
    assert refused is not None
    assert refused.refused is never
    assert Guard([low]).apply([0.1, 0.2], dict.get) is None  # type: ignore[arg-type]


def test_the_header_names_safeguard_action_and_rows() -> None:
    rules = [a_safeguard(**RANGE), a_safeguard(name="there", check="missing")]
    guard = Guard(rules)
    found = guard.apply([None] * 30, lambda _: None)
    assert found is not None
    first, second = found.header(guard.actions).split("; ")
    assert first.startswith("rule=flag:0 1 2")
    assert first.endswith(" 19")
    assert second.startswith("there=flag:0")


@pytest.mark.parametrize(
    "wrong",
    [
        {"check": "range"},
        {"check": "range", "minimum": 2, "maximum": 1},
        {"check": "unknown"},
        {"check": "confidence"},
        {"check": "confidence", "minimum": 3},
        {"check": "missing", "action": "default"},
        {"check": "missing", "on": "input"},
        {"check": "confidence", "minimum": 0.5, "on": "input", "column": "x"},
        {"check": "range", "minimum": float("nan")},
        {"check": "missing", "name": "Not A Name"},
        {"check": "missing", "more": 1},
    ],
)
def test_safeguards_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_safeguard(**wrong)


def test_sureness_is_that_of_the_likelier_class() -> None:
    assert [sureness(v) for v in (0.2, 0.9, 7, "a", [0.1, 0.7, 0.2])] == [0.8, 0.9, None, None, 0.7]
