"""Realised metrics against scikit-learn, intervals against worked values and by simulation."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from sklearn import metrics

from modelyard_server.monitoring import quality


def by_name(measures):
    return {measure.name: measure for measure in measures}


@pytest.mark.parametrize("labels", [["0", "1"], ["a", "b", "c"], [str(i) for i in range(12)]])
@pytest.mark.parametrize("n", [1, 7, 400])
def test_classification_equals_scikit_learn(labels, n):
    draw = random.Random(n * len(labels))
    actual = draw.choices(labels, k=n)
    predicted = [a if draw.random() < 0.7 else draw.choice(labels[:-1]) for a in actual]

    pairs = Counter(zip(predicted, actual, strict=True))
    found = by_name(quality.classification(pairs))

    how = {"average": "macro", "zero_division": 0}
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(actual, predicted))
    wanted = metrics.precision_recall_fscore_support(actual, predicted, **how)[:3]
    assert [found[k].value for k in ("precision", "recall", "f1")] == pytest.approx(wanted)
    present = sorted(set(actual) | set(predicted))
    per_class = metrics.precision_recall_fscore_support(
        actual, predicted, labels=present, zero_division=0
    )
    shown = quality.classes(pairs)
    assert [c.label for c in shown] == (present if len(present) <= 10 else [])
    for at, one in enumerate(shown):
        values = [m.value for m in one.measures]
        assert [*values, one.n] == pytest.approx([column[at] for column in per_class])


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_regression_equals_scikit_learn(offset):
    draw = np.random.default_rng(3)
    actual = draw.normal(offset, 2, 500)
    predicted = actual + draw.normal(0.2, 1, 500)

    found = by_name(quality.regression(predicted, actual))

    assert found["mae"].value == pytest.approx(metrics.mean_absolute_error(actual, predicted))
    assert found["rmse"].value == pytest.approx(metrics.root_mean_squared_error(actual, predicted))
    assert found["r2"].value == pytest.approx(metrics.r2_score(actual, predicted), rel=1e-9)
    assert all(m.low < m.value < m.high for m in (found["mae"], found["rmse"]))


def test_r2_is_unknown_where_the_outcomes_do_not_differ():
    found = by_name(quality.regression(np.array([1.0, 2.0]), np.array([3.0, 3.0])))

    assert found["r2"].value is None
    assert quality.regression(np.array([]), np.array([])) == []
    alone = by_name(quality.regression(np.array([1.0]), np.array([3.0])))
    assert (alone["mae"].value, alone["mae"].low) == (2.0, None)


def test_wilson_equals_the_worked_value():
    """81 of 263: Newcombe (1998), Two-sided confidence intervals, table I, method 3."""
    assert quality.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert quality.wilson(0, 10)[0] == 0
    assert quality.wilson(10, 10)[1] == pytest.approx(1)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    draw = np.random.default_rng(5)
    held = Counter()
    for _ in range(400):
        errors = draw.normal(0, 1, 200)
        found = by_name(quality.regression(errors, np.zeros(200)))
        held["mae"] += found["mae"].low <= math.sqrt(2 / math.pi) <= found["mae"].high
        held["rmse"] += found["rmse"].low <= 1 <= found["rmse"].high

    assert all(0.91 <= count / 400 <= 0.99 for count in held.values()), held
