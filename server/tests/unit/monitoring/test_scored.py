"""Quality of probabilities against scikit-learn, and the search for bad slices."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from modelyard_server.monitoring import joined, scored, slices
from modelyard_server.monitoring.errors import ConditionRefused
from modelyard_server.monitoring.expressions import condition
from modelyard_server.monitoring.models import CaptureSegment


def sample(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    score = np.round(generator.beta(2, 3, rows), 3)  # with ties
    return score, (generator.random(rows) < score).astype(float)


def test_scores_equal_scikit_learn():
    score, hit = sample(800)
    found = {m.name: m for m in scored.measures(score, hit)}
    assert found["auc"].value == pytest.approx(metrics.roc_auc_score(hit, score), abs=1e-12)
    assert found["log_loss"].value == pytest.approx(metrics.log_loss(hit, score), abs=1e-12)
    assert found["brier"].value == pytest.approx(metrics.brier_score_loss(hit, score), abs=1e-12)
    assert found["calibration_error"].value < 0.05


def test_the_interval_of_the_area_holds_it_as_often_as_it_says():
    score, hit = sample(200_000, seed=9)
    truth = metrics.roc_auc_score(hit, score)
    inside = 0
    for seed in range(300):
        found = scored.measures(*sample(150, seed))[0]
        assert found.low is not None and found.high is not None  # noqa: PT018 - for the types
        inside += found.low <= truth <= found.high
    assert 0.92 <= inside / 300 <= 0.99


def test_one_class_alone_has_no_area_and_certain_mistakes_cost_a_finite_loss():
    found = {m.name: m.value for m in scored.measures(np.ones(5), np.zeros(5))}
    assert found["auc"] is None
    assert 30 < found["log_loss"] < 40


def test_the_slice_where_a_model_is_worst_is_found_and_luck_is_not():
    generator = np.random.default_rng(3)
    rows = 4000
    columns = {
        "age": generator.uniform(20, 80, rows).tolist(),
        "city": generator.choice(["Bern", "Basel", "O'Hara"], rows).tolist(),
        **{f"noise {n}": generator.normal(size=rows).tolist() for n in range(20)},
    }
    bad = np.array([c == "O'Hara" for c in columns["city"]])
    loss = (generator.random(rows) < np.where(bad, 0.3, 0.1)).astype(float)

    found = slices.scan(columns.items(), loss)

    assert [(one.feature, one.condition) for one in found] == [("city", "\"city\" = 'O''Hara'")]
    assert found[0].loss == pytest.approx(0.3, abs=0.05)
    assert slices.scan(columns.items(), (generator.random(rows) < 0.2).astype(float)) == []


def test_a_slice_is_compared_with_all_other_rows():
    """Welch's statistic from sums over one column, as from the rows themselves."""
    generator = np.random.default_rng(4)
    age = generator.integers(0, 3, 3000)
    loss = generator.gamma(2.0, 1e6, 3000) + 1e9 * (age == 2)

    found = slices.scan({"age": age.tolist()}.items(), loss)

    inside, outside = loss[age == 2], loss[age != 2]
    assert (found[0].condition, found[0].rows) == ('"age" = 2', len(inside))
    assert found[0].loss == pytest.approx(inside.mean(), rel=1e-12)
    assert found[0].loss_elsewhere == pytest.approx(outside.mean(), rel=1e-12)
    near = generator.normal(5, 1, 3000) + 0.1 * (age == 1)
    part = slices.scan({"age": age.tolist()}.items(), near)[0]
    told = stats.ttest_ind(near[age == 1], near[age != 1], equal_var=False)
    assert part.p_value == pytest.approx(2 * stats.norm.sf(abs(told.statistic)), rel=1e-9)


def test_of_too_many_rows_whole_files_are_left_out_evenly():
    found = [CaptureSegment(rows=10_000) for _ in range(500)]
    chosen = joined._bounded(found)
    assert [found.index(one) for one in chosen[:3]] == [0, 2, 5]
    assert sum(one.rows for one in chosen) == joined.MOST_ROWS
    assert joined._bounded(found[:200]) == found[:200]


def test_small_slices_are_not_judged():
    columns = {"rare": ["yes"] * 99 + ["no"] * 2000}
    assert slices.scan(columns.items(), np.array([1.0] * 99 + [0.0] * 2000)) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("age > 40", '"in.age" > 40'),
        ("age between 1 and 2 or not city = 'Bern'",
         '"in.age" BETWEEN 1 AND 2 OR NOT "in.city" = \'Bern\''),
        ("city in ('a', 'b''c') and age is not null",
         '"in.city" IN (\'a\', \'b\'\'c\') AND NOT "in.age" IS NULL'),
        ("\"mean radius\" * 2 >= 30.5", '"in.mean radius" * 2 >= 30.5'),
    ],
)  # fmt: skip
def test_a_condition_is_written_anew_over_kept_rows(text: str, written: str):
    assert condition(text, {"age", "city", "mean radius"}) == written


@pytest.mark.parametrize(
    "text",
    [
        "1; drop table outcomes",
        "age > (select 1)",
        "age in (select age from outcomes)",
        "read_text('/etc/passwd') = 'x'",
        "prediction_id = 'p-1'",
        "outcomes.actual = '1'",
        "age > 40 -- and more\n; select 1",
        "age::varchar = '1' union select 1",
        "getenv('HOME') is null",
        "",
        "age >",
        "(" * 200 + "age" + ")" * 200 + " > 1",
        "age > 1 or " * 80 + "age > 2",
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(ConditionRefused):
        condition(text, {"age", "city"})
