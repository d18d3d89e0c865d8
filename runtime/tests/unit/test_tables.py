"""What models return, as one plain value a row."""

from typing import Any

import numpy as np
import pytest

from modelyard_runtime.tables import WrongAnswer, plain


class Eager:
    """As TensorFlow's tensors are: an array behind a call, and no `tolist`."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)

    def numpy(self) -> Any:
        return self._values


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        (Eager([[1.5], [2.5]]), [[1.5], [2.5]]),
        ({"sum": Eager([[1.5], [2.5]])}, [{"sum": [1.5]}, {"sum": [2.5]}]),
        ([Eager(1.5), Eager([2.5])], [1.5, [2.5]]),
        (
            {"sum": Eager([1, 2]), "name": np.array(["a", "b"])},
            [{"sum": 1, "name": "a"}, {"sum": 2, "name": "b"}],
        ),
    ],
)
def test_tensors_are_read_as_the_arrays_they_are(result: Any, rows: list[Any]) -> None:
    assert plain(result, 2) == rows


def test_a_tensor_of_another_length_is_no_answer() -> None:
    with pytest.raises(WrongAnswer, match="gave 3 predictions for 2 rows"):
        plain({"sum": Eager([1, 2, 3])}, 2)
