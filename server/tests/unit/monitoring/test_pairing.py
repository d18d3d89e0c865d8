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
def test_only_single_values_have_outcomes(value):
    with pytest.raises(Mismatch, match="single value"):
        as_predicted(value)
