"""Permutation importance: hand-worked losses, and inputs that matter against those that do not."""

import random

import pytest

from modelyard_protocol.inference import Request
from modelyard_runtime import permuting


def asked(rows: int = 400) -> Request:
    draw = random.Random(1)
    columns = {name: [draw.random() for _ in range(rows)] for name in ("a", "b", "c")}
    return Request(columns=columns, rows=rows, named=True)


@pytest.mark.parametrize(
    ("said", "was", "is_number", "lost"),
    [
        ([0.2, 0.8], 1, False, 0.2),
        ([0.2, 0.8], "0", False, 0.8),
        ([0.1, 0.2, 0.7], 2.0, False, 0.3),
        ([0.1, 0.9], [0.4, 0.6], False, 0.3),
        ({"label": "1", "score": 0.9}, 0, False, 0.9),
        ({"label": "cat"}, "cat", False, 0.0),
        (0.7, 1, True, 0.3),
        (12.0, 10.0, True, 2.0),
        (1, "1", False, 0.0),
        ("cat", "dog", False, 1.0),
        (True, "true", False, 0.0),
    ],
)
def test_what_an_answer_loses(said, was, is_number, lost):
    assert permuting.distance(said, was, is_number) == pytest.approx(lost)


def test_shuffling_what_matters_costs_most():
    request = asked()

    def predict(one: Request):
        pairs = zip(one.columns["a"], one.columns["b"], strict=True)
        return [3.0 * a + b for a, b in pairs]

    found = permuting.measure(predict, request, predict(request), is_number=True)
    assert found.loss == 0
    assert found.importance["c"] == 0
    # the mean distance of two independent uniforms is a third, times the weight
    assert found.importance["a"] == pytest.approx(1.0, rel=0.15)
    assert found.importance["b"] == pytest.approx(1 / 3, rel=0.15)
    again = permuting.measure(predict, request, None, is_number=True)
    assert again.importance == found.importance  # without outcomes: how far answers move


def test_a_model_that_is_too_slow_is_not_asked_for_ever(monkeypatch):
    monkeypatch.setattr(permuting, "MOST_SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        permuting.measure(lambda one: [0.0] * one.rows, asked(), None, is_number=True)
