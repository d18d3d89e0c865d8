"""The same class is the same however it was written."""

import pytest

from modelyard_server.monitoring.pairing import Mismatch, as_actual, as_predicted


@pytest.mark.parametrize(
    ("predicted", "actual", "same"),
    [
        (1, 1, True),
        (1, 1.0, True),
        (1.0, "1", True),
        (1, True, True),
        (True, 1, True),
        (False, "0", True),
        ("1", 1, True),
        ("yes", "yes", True),
        ("true", True, True),
        (0, 1, False),
        ("yes", "no", False),
        (0.5, 0.25, False),
    ],
)
def test_equal_values_are_one_class(predicted, actual, same):
    said = as_predicted(predicted)

    assert (as_actual(said, actual).label == said.label) is same


@pytest.mark.parametrize("value", ["malignant", "nan", "inf", ""])
def test_text_is_no_outcome_of_a_number(value):
    with pytest.raises(Mismatch, match="predicts numbers"):
        as_actual(as_predicted(1), value)


@pytest.mark.parametrize("value", [None, [1, 2], {"a": 1}])
def test_what_says_no_class_and_no_number_has_no_outcome(value):
    with pytest.raises(Mismatch, match="The prediction is"):
        as_predicted(value)


@pytest.mark.parametrize(
    ("value", "label", "score"),
    [
        ([0.3, 0.7], "1", 0.7),
        ([0.2, 0.5, 0.3], "1", None),
        ({"label": "spam", "score": 0.9}, "spam", 0.9),
        ({"prediction": 1, "probability": [0.1, 0.9]}, "1", 0.9),
        ({"class": True}, "true", None),
    ],
)
def test_probabilities_say_class_and_score(value, label, score):
    assert (as_predicted(value).label, as_predicted(value).score) == (label, score)
