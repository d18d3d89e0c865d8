"""Estimates without outcomes: hand-worked values, and truth that was drawn from the model."""

import numpy as np
import pytest
from sklearn import metrics

from modelyard_server.monitoring import cbpe, dle, overlap, reference_rows, scoring


def by_name(found):
    return {one.name: one for one in found}


def test_the_expected_confusion_matrix_is_the_sum_of_probabilities():
    positive = np.array([0.9, 0.6, 0.3, 0.2])
    probabilities = np.column_stack([1 - positive, positive])
    found = by_name(cbpe.measures(probabilities, probabilities, np.array([1, 1, 0, 0]), np.ones(4)))
    # said 1: 1.5 right of 2; said 0: 1.5 right of 2; really 1: 2.0, really 0: 2.0
    assert found["accuracy"].value == pytest.approx(3.0 / 4)
    assert found["precision"].value == pytest.approx((1.5 / 2 + 1.5 / 2) / 2)
    assert found["recall"].value == pytest.approx((1.5 / 2 + 1.5 / 2) / 2)
    assert found["f1"].value == pytest.approx(0.75)
    # pairs (positive above negative) weighted by p_i (1 - p_j), ties half, over 2.0 * 2.0
    above = 0.9 * (0.4 + 0.7 + 0.8) + 0.6 * (0.7 + 0.8) + 0.3 * 0.8
    ties = (0.9 * 0.1 + 0.6 * 0.4 + 0.3 * 0.7 + 0.2 * 0.8) / 2
    assert found["auc"].value == pytest.approx((above + ties) / 4.0)
    assert found["brier"].value == pytest.approx(np.mean(positive * (1 - positive)))
    expected = -np.mean(positive * np.log(positive) + (1 - positive) * np.log(1 - positive))
    assert found["log_loss"].value == pytest.approx(expected)


def test_weights_count_rows_as_often_as_they_stand_for():
    positive = np.array([0.9, 0.2])
    twice = np.array([0.9, 0.9, 0.9, 0.2])
    one = np.column_stack([1 - positive, positive])
    many = np.column_stack([1 - twice, twice])
    weighted = by_name(cbpe.measures(one, one, np.array([1, 0]), np.array([3.0, 1.0])))
    repeated = by_name(cbpe.measures(many, many, np.array([1, 1, 1, 0]), np.ones(4)))
    for name, found in repeated.items():
        assert weighted[name].value == pytest.approx(found.value), name


def test_overconfident_scores_are_corrected_and_the_estimate_follows_a_shift():
    draw = np.random.default_rng(1)

    def rows(n, middle):
        truth = 1 / (1 + np.exp(-draw.normal(middle, 1.5, n)))
        score = 1 / (1 + np.exp(-3 * np.log(truth / (1 - truth))))  # three times too sure
        return np.column_stack([1 - score, score]), (draw.random(n) < truth).astype(np.int64)

    scores, actual = rows(5000, 0.0)
    learned = cbpe.calibrate(scores, actual)
    assert learned.raw_error > 0.05 > learned.error

    live, came = rows(20_000, 1.0)
    said = (live[:, 1] >= 0.5).astype(np.int64)
    found = by_name(cbpe.measures(live, learned.of(live), said, np.ones(len(live))))
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(came, said), abs=0.01)
    assert found["auc"].value == pytest.approx(metrics.roc_auc_score(came, live[:, 1]), abs=0.01)
    macro = metrics.f1_score(came, said, average="macro")
    assert found["f1"].value == pytest.approx(macro, abs=0.015)


def test_calibrated_scores_are_left_as_they_are_and_small_samples_do_not_look_wrong():
    draw = np.random.default_rng(2)
    score = draw.random(300)
    actual = (draw.random(300) < score).astype(np.int64)
    learned = cbpe.calibrate(np.column_stack([1 - score, score]), actual)
    assert learned.error < 0.03


def test_probabilities_of_several_classes_are_estimated():
    draw = np.random.default_rng(3)
    scores = draw.dirichlet([1, 1, 1], 6000)
    actual = np.array([draw.choice(3, p=p) for p in scores])
    said = scores.argmax(axis=1)
    learned = cbpe.calibrate(scores[:3000], actual[:3000])
    live = scores[3000:]
    found = by_name(cbpe.measures(live, learned.of(live), said[3000:], np.ones(3000)))
    share = (said[3000:] == actual[3000:]).mean()
    assert found["accuracy"].value == pytest.approx(share, abs=0.03)
    assert "auc" not in found


def test_the_error_of_numbers_is_learned_where_it_depends_on_inputs():
    draw = np.random.default_rng(4)

    def rows(n, low, high):
        x = draw.uniform(low, high, n)
        return x[:, None], 2 * x, 2 * x + draw.normal(0, x)

    features, predicted, actual = rows(4000, 0.1, 4)
    learned = dle.learn(np.column_stack([features, predicted]), predicted, actual)
    assert learned.said == pytest.approx(learned.was, rel=0.05)

    features, predicted, actual = rows(4000, 2, 4)
    found = by_name(learned.measures(np.column_stack([features, predicted]), np.ones(4000)))
    errors = np.abs(predicted - actual)
    assert found["mae"].value == pytest.approx(errors.mean(), rel=0.07)
    assert found["rmse"].value == pytest.approx(np.sqrt((errors**2).mean()), rel=0.07)


def test_a_window_with_nothing_in_common_is_told_apart_and_ids_are_left_out():
    draw = np.random.default_rng(5)
    rows = {"x": list(draw.normal(0, 1, 800)), "id": [f"id-{n}" for n in range(800)]}
    encoding = overlap.learn(rows)
    assert list(encoding.columns) == ["x"]
    live = np.concatenate([draw.normal(0, 1, 400), draw.normal(9, 1, 400)])
    windows = [0] * 400 + [1] * 400
    found = overlap.separability(encoding.of(rows, 800), live[:, None], windows)
    assert found[0] < 0.75
    assert found[1] > overlap.OUTSIDE


def test_answers_are_read_in_every_shape_models_give():
    listed = scoring.read({"prediction[0]": [0.2, None], "prediction[1]": [0.8, 0.5]})
    assert listed is not None
    assert listed.known.tolist() == [True, False]
    assert listed.said is not None
    assert listed.said[0] == 1
    told = scoring.read({"prediction.label": ["0", "1"], "prediction.score": [0.6, 0.4]})
    assert told is not None
    assert told.said is not None
    assert told.said.tolist() == [0, 1]
    plain = scoring.read({"prediction": [12.5, 3.0]})
    assert plain is not None
    assert plain.probabilities is None
    assert scoring.read({"prediction": ["cat", "dog"]}) is None
    assert scoring.read({"other": [1.0]}) is None


def test_columns_of_a_file_are_told_apart_by_signature_and_name():
    content = b"age,label,score,actual\n" + b"30,2,0.7,1\n" * 100
    table = reference_rows.table(content)
    declared = reference_rows.tell_apart(table, ["age", "label"])
    assert sorted(declared.inputs) == ["age", "label"]
    assert declared.actual is not None
    assert declared.actual[0] == 1
    assert declared.has_answers
    guessed = reference_rows.tell_apart(table, [])
    assert sorted(guessed.inputs) == ["age"]
