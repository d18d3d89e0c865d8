"""Grids, profiles and latencies: what is counted stays counted."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.records import latency_bucket
from modelyard_server.monitoring import grid, latency, profile
from modelyard_server.monitoring.grid import HEAD, NULLS, OUT_OF_RANGE, UNSEEN, WRONG_TYPE, Kind

numbers = st.lists(st.floats(-1e9, 1e9) | st.none() | st.just(math.nan), max_size=200)
words = st.lists(st.sampled_from(["a", "b", "c", "ü"]) | st.none(), max_size=100)
histogram = st.dictionaries(st.integers(0, 900), st.integers(1, 50), max_size=20)
REFERENCES = {
    "x": profile.reference_of(
        "x",
        np.random.default_rng(1).normal(size=1000).tolist(),
        role=profile.ColumnRole.input,
        origin=profile.Origin.training,
    ),
    "c": profile.reference_of(
        "c",
        ["a", "b"] * 50,
        role=profile.ColumnRole.input,
        origin=profile.Origin.training,
    ),
}


@given(numbers, words)
def test_every_row_is_counted_exactly_once(x: list[Any], c: list[Any]):
    counted = profile.count({"x": x, "c": c}, REFERENCES)
    assert profile.rows_of(counted["x"]) == len(x)
    assert profile.rows_of(counted["c"]) == len(c)


@given(numbers, numbers, numbers)
def test_profiles_merge_in_any_order_to_the_count_of_all_rows(
    a: list[Any], b: list[Any], c: list[Any]
):
    first, second, third = (profile.count({"x": part}, REFERENCES) for part in (a, b, c))
    left = profile.merge([profile.merge([first, second]), third])["x"]
    right = profile.merge([first, profile.merge([third, second])])["x"]
    assert (left == right).all()
    assert (left == profile.count({"x": a + b + c}, REFERENCES)["x"]).all()


@given(numbers, words)
def test_a_profile_survives_packing(x: list[Any], c: list[Any]):
    counted = profile.count({"x": x, "c": c}, REFERENCES)
    again = profile.unpack(profile.pack(counted))
    assert all((again[name] == counts).all() for name, counts in counted.items())


def test_references_survive_packing():
    again = profile.unpack_references(profile.pack_references(REFERENCES.values()))
    assert again.keys() == REFERENCES.keys()
    for name, column in REFERENCES.items():
        assert again[name].grid == column.grid
        assert (again[name].counts == column.counts).all()


def test_nulls_strangers_and_extremes_are_counted_apart():
    x = REFERENCES["x"].grid.count([0.0, None, math.nan, "seven", True, 99.0])
    assert (x[NULLS], x[WRONG_TYPE], x[OUT_OF_RANGE], x[HEAD:].sum()) == (2, 2, 1, 2)
    c = REFERENCES["c"].grid.count(["a", "new", None])
    assert (c[NULLS], c[UNSEEN], c[HEAD:].tolist()) == (1, 1, [1, 0, 1])


def test_a_frequent_value_does_not_hide_in_a_wide_bin():
    values = [0.0] * 300 + np.random.default_rng(2).uniform(1, 2, 700).tolist()
    made = grid.build(values)
    counted = made.count([0.0, 0.0, 1e-9])
    assert counted[HEAD:].max() == 2


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5 * n for n in range(50)], Kind.numeric),
        ([True, False] * 10, Kind.categorical),
        (["red", "green"] * 30, Kind.categorical),
        ([f"id-{n}" for n in range(100)], Kind.text),
        ([[1, 2], [3]] * 20, Kind.text),
        ([None] * 10, Kind.text),
    ],
)
def test_the_kind_of_a_column_is_seen_from_its_values(values: list[Any], kind: Kind):
    assert grid.build(values).kind is kind


def test_predicted_classes_are_categories_and_scores_are_numbers():
    assert grid.build([0, 1] * 50, is_prediction=True).kind is Kind.categorical
    assert grid.build([n / 7 for n in range(50)], is_prediction=True).kind is Kind.numeric


@given(histogram, histogram, histogram)
def test_latencies_merge_in_any_order(a: dict[int, int], b: dict[int, int], c: dict[int, int]):
    assert latency.merge(latency.merge(a, b), c) == latency.merge(a, latency.merge(c, b))


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_is_within_two_percent(share: float):
    micros = np.random.default_rng(4).lognormal(8, 1, 10_000)
    counted: dict[int, int] = {}
    for value in micros:
        bucket = latency_bucket(value)
        counted[bucket] = counted.get(bucket, 0) + 1
    found = latency.percentile_ms(counted, share)
    assert found == pytest.approx(float(np.quantile(micros, share)) / 1000, rel=0.02)


def test_no_calls_have_no_percentile():
    assert latency.percentile_ms({}, 0.5) is None
