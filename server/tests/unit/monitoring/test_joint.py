"""Columns together: what no column shows alone is found, and nothing else."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import linear_kernel
from sklearn.preprocessing import StandardScaler

from modelyard_server.monitoring import drift, joint, joint_columns, joint_packing, profile
from modelyard_server.monitoring.joint import Model, Sums

Columns = dict[str, list[Any]]
CITIES = np.array(["Bern", "Basel", "Genf", "Chur"])


def people(rows: int, draw: np.random.Generator, rho: float = 0.8) -> Columns:
    """Draw ten columns of which two belong together; `rho` changes neither of them alone."""
    first, noise = draw.normal(size=(2, rows))
    columns: Columns = {f"c{n}": draw.normal(size=rows).tolist() for n in range(6)}
    columns["income"] = np.exp(first).tolist()
    columns["rent"] = (rho * first + np.sqrt(1 - rho**2) * noise).tolist()
    columns["city"] = CITIES[draw.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])].tolist()
    columns["owner"] = (draw.random(rows) < 0.3).tolist()
    gone = draw.random(rows) < 0.02
    columns["c0"] = [None if away else v for away, v in zip(gone, columns["c0"], strict=True)]
    return columns


def learned(columns: Columns) -> Model:
    model = joint.fit(columns)
    assert isinstance(model, Model)
    return model


@pytest.fixture(scope="module")
def model() -> Model:
    return learned(people(10_000, np.random.default_rng(1)))


@pytest.mark.parametrize(("rows", "windows"), [(150, 200), (1000, 50), (10_000, 10)])
def test_windows_like_the_reference_are_quiet(model: Model, rows: int, windows: int):
    draw = np.random.default_rng(rows)
    judged = [joint.judge(model, joint.count(model, people(rows, draw))) for _ in range(windows)]
    assert sum(one.status == "drifting" for one in judged) <= windows * 0.02


@pytest.mark.parametrize("rho", [0.0, -0.8])
def test_columns_that_part_are_found_although_none_moves_alone(model: Model, rho: float):
    draw = np.random.default_rng(2)
    reference, window = people(10_000, draw), people(1000, draw, rho=rho)
    known = {
        name: profile.reference_of(
            name, values, role=profile.ColumnRole.input, origin=profile.Origin.training
        )
        for name, values in reference.items()
    }
    alone = drift.compare(known, profile.count(window, known))
    assert drift.judge_model(alone, 1000).status is drift.Status.ok

    found = joint.judge(model, joint.count(model, window))

    assert found.status == "drifting"
    assert found.error is not None
    assert found.error.is_out
    worst = found.pairs[0]
    assert (worst.first, worst.second) == ("income", "rent")
    assert (worst.reference, worst.current) == pytest.approx((0.79, rho), abs=0.08)
    assert "income and rent went from 0.7" in found.reason


def test_columns_that_begin_to_belong_together_are_found():
    draw = np.random.default_rng(3)
    model = learned({"a": draw.normal(size=5000).tolist(), "b": draw.normal(size=5000).tolist()})
    first = draw.normal(size=1000)
    window = {"a": first.tolist(), "b": (first * 0.9 + draw.normal(size=1000) * 0.44).tolist()}
    found = joint.judge(model, joint.count(model, window))
    assert [one.is_drifting for one in found.pairs] == [True]


def test_values_are_those_of_scikit_learn_numpy_and_scipy():
    draw = np.random.default_rng(4)
    mixed = draw.normal(size=(4000, 8)) @ draw.normal(size=(8, 8))
    names = [f"c{n}" for n in range(8)]
    model = learned(dict(zip(names, mixed[:2000].T.tolist(), strict=True)))
    scaler = StandardScaler().fit(mixed[:2000])
    axes = PCA(0.65, svd_solver="full").fit(scaler.transform(mixed[:2000]))
    scaled = scaler.transform(mixed[2000:])
    rest = scaled - axes.inverse_transform(axes.transform(scaled))

    window = joint.count(model, dict(zip(names, mixed[2000:].T.tolist(), strict=True)))
    error = joint.error_of(model, window)
    pairs = joint.pairs_of(model, window)

    assert len(model.components) == axes.n_components_
    assert model.explained == pytest.approx(axes.explained_variance_ratio_.sum(), abs=1e-9)
    assert error is not None
    assert error.value == pytest.approx(np.linalg.norm(rest, axis=1).mean(), abs=1e-9)
    assert not error.is_out
    ranked = joint_columns.ranks(model.columns, mixed[2000:])
    assert window.pairs is not None
    told = joint.correlations(window.pairs)
    assert np.abs(told - np.corrcoef(ranked, rowvar=False)).max() < 1e-9
    exact = stats.spearmanr(mixed[2000:]).statistic
    assert np.abs(told - exact).max() < 0.01  # ranks stand among the reference's quantiles
    expected = [_compared(one, 2000) for one in pairs]
    assert [one.q_value for one in pairs] == pytest.approx(
        stats.false_discovery_control(expected, method="by"), abs=1e-9
    )


def _compared(pair: joint.Pair, rows: int) -> float:
    """Give p of a changed rank correlation, two-sided, by SciPy's normal distribution."""
    r, s = pair.reference, pair.current
    deviation = np.sqrt((1 + r**2 / 2) / (rows - 3) + (1 + s**2 / 2) / (rows - 3))
    return float(2 * stats.norm.sf(abs(np.arctanh(r) - np.arctanh(s)) / deviation))


def test_the_distance_of_vectors_is_the_linear_kernel_discrepancy_and_chance_is_what_p_says():
    draw = np.random.default_rng(8)
    shape = draw.normal(size=(16, 16)) / 4
    before = draw.normal(size=(3000, 16)) @ shape
    after = draw.normal(size=(400, 16)) @ shape + 0.3
    model = learned({"embedding": before.tolist()})
    found = joint.judge(model, joint.count(model, {"embedding": after.tolist()})).distances[0]

    discrepancy = (
        linear_kernel(before).mean()
        + linear_kernel(after).mean()
        - 2 * linear_kernel(before, after).mean()
    )
    total = np.trace(np.cov(before, rowvar=False))
    assert found.distance**2 + found.noise**2 == pytest.approx(discrepancy / total, abs=1e-9)
    fresh = (draw.normal(size=(400, 16)) @ shape for _ in range(200))
    told = [
        joint.judge(model, joint.count(model, {"embedding": one.tolist()})).distances[0].p_value
        for one in fresh
    ]
    assert stats.kstest(told, "uniform").pvalue > 0.001


def test_vectors_are_judged_by_where_their_middle_is():
    draw = np.random.default_rng(5)
    shape = draw.normal(size=(128, 128)) / 8

    def vectors(rows: int, shift: float = 0.0) -> Columns:
        found = draw.normal(size=(rows, 128)) @ shape
        found[:, :8] += shift
        return {"embedding": found.tolist()}

    model = learned(vectors(2000))
    quiet = [joint.judge(model, joint.count(model, vectors(500))).status for _ in range(20)]
    assert quiet == ["ok"] * 20
    moved = joint.judge(model, joint.count(model, vectors(500, shift=1.0)))
    assert (moved.status, moved.distances[0].dimensions) == ("drifting", 128)
    assert "The middle of embedding" in moved.reason


def test_sums_of_hours_are_those_of_the_day_and_survive_storage(model: Model):
    draw = np.random.default_rng(6)
    hours = [joint.count(model, people(400, draw)) for _ in range(3)]
    stored = [
        joint_packing.unpack_sums(
            model, joint_packing.pack_sums(one), Sums(one.rows, one.error, one.squares)
        )
        for one in hours
    ]
    again = joint_packing.unpack_model(joint_packing.pack_model(model))
    day, kept = joint.judge(model, joint.merged(hours)), joint.judge(again, joint.merged(stored))
    assert (day.rows, day.reason, day.error) == (1200, kept.reason, kept.error)
    assert [(one.first, one.second) for one in day.pairs[:3]] == [
        (one.first, one.second) for one in kept.pairs[:3]
    ]


def test_absurd_values_change_nothing_else_and_poor_references_are_refused(model: Model):
    draw = np.random.default_rng(7)
    odd = people(1000, draw)
    odd["c1"][0], odd["c2"][1], odd["city"][2], odd["rent"][3] = 1e308, float("inf"), 10**400, "x"
    found = joint.judge(model, joint.count(model, odd))
    assert found.status == "ok"
    assert joint.judge(model, joint.count(model, people(99, draw))).status == "not_enough_data"
    assert joint.fit({"a": [1.0] * 50}) == "The reference has 50 rows; 100 are needed."
    assert "fewer than two columns" in str(joint.fit({"a": [1.0] * 200, "b": list(range(200))}))
