"""Columns in Arrow say exactly what the same values say as Python's, whatever a file holds."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from modelyard_server.monitoring import overlap, scoring
from modelyard_server.monitoring.pieces import Column

PIECES: list[pa.Array | int] = [
    pa.array([0.25, None, float("nan"), float("inf"), -0.0]),
    pa.array([1, None, 2**53 + 1, -(2**62) - 3]),
    pa.array([2**64 - 1], pa.uint64()),
    3,  # a file without the column
    pa.array([True, None, False]),
    pa.array(["0.75", "yes", None, "", "0.75", "w2"]),
    pa.array(["a", None, "0.75"]).dictionary_encode(),
    pa.array([None, None], pa.null()),
    pa.array([["x", "y"], None]),
    pa.array([dt.datetime(2026, 11, 1, tzinfo=dt.UTC), None]),
    pa.array([], pa.float64()),
]


@pytest.fixture
def column() -> Column:
    made = Column()
    for piece in PIECES:
        made.extend(piece if isinstance(piece, int) else pa.chunked_array([piece]))
    return made


@pytest.fixture
def values() -> list[object]:
    found: list[object] = []
    for piece in PIECES:
        found += [None] * piece if isinstance(piece, int) else piece.to_pylist()
    return found


def test_values_come_in_order_and_can_be_taken(column: Column, values: list[object]) -> None:
    assert len(column) == len(values)
    assert repr(list(column)) == repr(values)  # NaN is not equal to itself
    assert column.take([3, 0, 12]) == [values[3], values[0], values[12]]
    assert column[-6:-4] == values[-6:-4]


def test_numbers_and_classes_are_read_as_from_a_list(column: Column, values: list[object]) -> None:
    assert np.array_equal(scoring.numbers(column), scoring.numbers(values), equal_nan=True)
    for width in (2, 3):
        assert np.array_equal(scoring.classes_of(column, width), scoring.classes_of(values, width))


@pytest.mark.parametrize("reference", [[0.5, 1, 2.5], ["0.75", "yes", "1", "True"]])
def test_inputs_are_encoded_as_from_a_list(
    column: Column, values: list[object], reference: list[object]
) -> None:
    encoding = overlap.learn({"x": reference, "y": reference})
    got = encoding.of({"x": column}, len(values))
    assert np.array_equal(got, encoding.of({"x": values}, len(values)), equal_nan=True)
    assert np.isnan(got[:, 1]).all()


def test_a_reference_in_arrow_is_learned_as_from_a_list() -> None:
    columns = {"number": [1.5, None, 2.0], "word": ["b", None, "a"], "none": [None, None, None]}
    pieces = {name: Column() for name in columns}
    for name, own in columns.items():
        pieces[name].extend(pa.chunked_array([pa.array(own)]))
    assert overlap.learn(pieces) == overlap.learn(columns)
