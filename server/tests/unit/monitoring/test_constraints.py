"""Which values break a constraint, when that is more than chance, and what is proposed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.monitoring import constraints
from modelyard_server.monitoring.constraint_schemas import Check, ColumnConstraint
from modelyard_server.monitoring.constraints import Counted
from modelyard_server.monitoring.profile import ColumnRole, Origin, reference_of

NAN = float("nan")


def asking(**what: Any) -> ColumnConstraint:
    return ColumnConstraint.model_validate({"column": "x"} | what)


@pytest.mark.parametrize(
    ("what", "values", "check", "broken"),
    [
        ({"max_missing_share": 0}, [1.0, None, NAN], "missing", [1, 2]),
        ({"max_missing_share": 0}, [1.0, NAN], "missing", [1]),
        ({"type": "number"}, [1, 2.5, True, "3", None], "type", [2, 3]),
        ({"type": "integer"}, [1, 2.0, 2.5, None, NAN], "type", [2]),
        ({"type": "boolean"}, [True, False, 1], "type", [2]),
        ({"type": "text"}, ["a", 1, None], "type", [1]),
        ({"minimum": 0, "maximum": 9}, [0, 9, -1, 9.5], "range", [2, 3]),
        ({"maximum": 9}, [10**400, float("-inf"), NAN], "range", [0]),
        ({"minimum": 0}, ["-1", -1, None, True], "range", [1]),
        ({"allowed": ["1", "true", "a"]}, [1, 1.0, "1", True, "a", "b", None], "allowed", [5]),
        ({"allowed": ["a"]}, [["a"], {"b": 1}], "allowed", [0, 1]),
        ({"max_length": 2}, ["ab", "abc", None, 1234], "length", [1]),
    ],
)
def test_values_that_break_a_check_are_found(
    what: dict[str, Any], values: list[Any], check: str, broken: list[int]
):
    present, found = constraints.find(asking(**what), values)
    assert found == {Check(check): broken}
    assert present == sum(value is not None and value == value for value in values)


@given(st.lists(st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.booleans())))
def test_any_values_are_judged_and_no_row_twice(values: list[Any]):
    everything = asking(
        type="number", max_missing_share=0, minimum=-5, maximum=5, allowed=["1"], max_length=3
    )
    present, found = constraints.find(everything, values)
    assert 0 <= present <= len(values)
    for places in found.values():
        assert places == sorted(set(places))
        assert all(0 <= at < len(values) for at in places)


def test_a_share_is_broken_only_beyond_chance():
    asked = asking(maximum=9, max_broken_share=0.01, max_missing_share=0)
    few = Counted(100, 100, {Check.range: 2})  # 2 % of 100 may be chance, of 10,000 not
    many = Counted(10_000, 10_000, {Check.range: 200, Check.missing: 1})
    assert not any(one.is_broken for one in constraints.judge([asked], {"x": few}))
    found = constraints.judge([asked], {"x": many})
    assert [(one.check, one.is_broken) for one in found] == [
        (Check.range, True),
        (Check.missing, True),  # none may be missing: one is enough
    ]
    nothing = constraints.judge([asked], {})
    assert [(one.values, one.share, one.is_broken) for one in nothing] == [(0, None, False)] * 2


def test_a_proposal_is_kept_by_the_rows_it_comes_from():
    signature = Signature(
        inputs=(Column(name="age", dtype=DType.long), Column(name="city", dtype=DType.string))
    )
    known = {
        "age": [None if at % 50 == 0 else at % 70 for at in range(1000)],
        "city": ["Bern", "Basel"] * 500,
    }
    for name, values in known.items():
        column = reference_of(name, values, role=ColumnRole.input, origin=Origin.training)
        asked = constraints.propose(column, signature)
        present, found = constraints.find(asked, values)
        counts = {name: Counted(1000, present, {c: len(at) for c, at in found.items()})}
        assert not any(one.is_broken for one in constraints.judge([asked], counts))
    age = reference_of("age", known["age"], role=ColumnRole.input, origin=Origin.training)
    assert constraints.propose(age, signature).model_dump(exclude_none=True) == {
        "column": "age",
        "type": "integer",
        "max_missing_share": 0.04,
        "minimum": 0.0,
        "maximum": 69.0,
        "max_broken_share": 0.01,
    }
