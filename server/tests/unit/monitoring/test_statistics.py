"""Distances and tests against SciPy, and their laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from modelyard_server.monitoring import grid, statistics

counts = st.lists(st.integers(0, 500), min_size=2, max_size=40).filter(lambda c: sum(c) > 0)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.3, 1.0])
def test_ks_on_the_grid_is_scipys_within_a_bin(shift: float):
    generator = np.random.default_rng(5)
    reference = generator.normal(size=5000)
    current = generator.normal(shift, size=3000)
    made = grid.build(reference.tolist())
    binned = [made.count(sample.tolist())[grid.HEAD :] for sample in (reference, current)]

    distance, p_value = statistics.ks(*binned)

    exact = stats.ks_2samp(reference, current, method="asymp")
    assert distance <= exact.statistic
    assert distance == pytest.approx(exact.statistic, abs=2 / grid.BINS)
    assert p_value >= exact.pvalue * 0.5
    assert (p_value < 0.001) == (exact.pvalue < 0.001)


def test_chi_squared_is_scipys():
    left, right = np.array([120, 30, 0, 50]), np.array([80, 60, 5, 40])
    expected = stats.chi2_contingency([left, right], correction=False).pvalue
    assert statistics.chi_squared(left, right)[1] == pytest.approx(expected, abs=1e-12)


def test_adjusted_q_values_are_scipys():
    p_values = np.random.default_rng(3).uniform(size=31) ** 3
    expected = stats.false_discovery_control(p_values, method="by")
    assert statistics.adjusted(p_values.tolist()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_js_distance_is_scipys_without_its_noise():
    left, right = np.array([900_000, 50_000, 50_000]), np.array([500_000, 400_000, 100_000])
    distance, net, noise = statistics.js_distance(left, right)
    assert distance == pytest.approx(jensenshannon(left, right, base=2), abs=1e-12)
    assert net == pytest.approx(math.sqrt(distance**2 - noise**2))
    assert noise < 0.002


@given(counts, counts)
def test_every_value_is_scipys_on_the_same_bins(left: list[int], right: list[int]):
    """KS, chi², Wasserstein, Jensen-Shannon and PSI, to 1e-9."""
    width = min(len(left), len(right))
    a, b = np.array(left[:width]), np.array(right[:width])
    if not (a.sum() and b.sum()):
        return
    places = np.arange(width, dtype=float)
    raw = stats.ks_2samp(np.repeat(places, a), np.repeat(places, b), method="asymp")
    assert statistics.ks(a, b) == pytest.approx((raw.statistic, raw.pvalue), abs=1e-9)
    moved = stats.wasserstein_distance(places, places, a, b)
    assert statistics.wasserstein(places, a, b) == pytest.approx(moved, abs=1e-9)
    expected = jensenshannon(a, b, base=2)
    assert statistics.js_distance(a, b)[0] == pytest.approx(expected, abs=1e-7)
    if a.all() and b.all():
        p, q = a / a.sum(), b / b.sum()
        jeffreys = stats.entropy(p, q) + stats.entropy(q, p)
        assert statistics.psi(a, b) == pytest.approx(jeffreys, abs=1e-9)
        table = stats.chi2_contingency([a, b], correction=False)
        assert statistics.chi_squared(a, b) == pytest.approx(
            (table.statistic, table.pvalue), abs=1e-9
        )


def test_psi_of_samples_of_one_distribution_is_its_noise_on_average():
    generator = np.random.default_rng(11)
    shares = np.full(10, 0.1)
    found = [
        statistics.psi(generator.multinomial(500, shares), generator.multinomial(1000, shares))
        for _ in range(2000)
    ]
    assert np.mean(found) == pytest.approx(statistics.psi_noise(10, 500, 1000), rel=0.05)


@given(counts)
def test_equal_counts_have_no_distance(sample: list[int]):
    same = np.array(sample)
    assert statistics.psi(same, same) == 0
    assert statistics.js_distance(same, same)[0] == 0
    assert statistics.ks(same, same)[1] == 1
    assert statistics.chi_squared(same, same) == (pytest.approx(0), pytest.approx(1))


@given(counts, counts)
def test_psi_is_symmetric_and_never_negative(left: list[int], right: list[int]):
    width = min(len(left), len(right))
    a, b = np.array(left[:width]), np.array(right[:width])
    assert statistics.psi(a, b) == pytest.approx(statistics.psi(b, a))
    assert statistics.psi(a, b) >= 0


@given(counts, counts)
def test_pooling_loses_no_row(left: list[int], right: list[int]):
    width = min(len(left), len(right))
    a, b = np.array(left[:width]), np.array(right[:width])
    for groups in (statistics.equal_mass_groups(a), statistics.sound_groups(a, b)):
        assert statistics.pooled(a, groups).sum() == a.sum()
        assert statistics.pooled(b, groups).sum() == b.sum()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_a_q_value_is_never_below_its_p_value(p_values: list[float]):
    q_values = statistics.adjusted(p_values)
    assert all(q >= p - 1e-12 for p, q in zip(p_values, q_values, strict=True))
    assert all(q <= 1 for q in q_values)
