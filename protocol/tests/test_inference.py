import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.inference import InvalidRows, decode, read_request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin

JSON = "application/json"
TABLE = Signature(
    inputs=(
        Column(name="a", dtype=DType.double),
        Column(name="n", dtype=DType.long),
        Column(name="s", dtype=DType.string, required=False),
    )
)
TENSOR = Signature(inputs=(Column(name="0", dtype=DType.double, shape=(-1, 2)),))


def body(value: object) -> bytes:
    return json.dumps(value).encode()


ROW = {"a": 1.5, "n": 2, "s": "x"}
COLUMNS = {"a": [1.5], "n": [2], "s": ["x"]}
V2 = [
    {"name": "a", "shape": [1], "datatype": "FP64", "data": [1.5]},
    {"name": "n", "shape": [1, 1], "datatype": "INT64", "data": [[2]]},
    {"name": "s", "shape": [1], "datatype": "BYTES", "data": ["x"]},
]


@pytest.mark.parametrize(
    ("skin", "content_type", "sent"),
    [
        (Skin.predict, JSON, body({"rows": [ROW]})),
        (Skin.predict, JSON, body({"row": ROW})),
        (Skin.predict, JSON, body({"columns": COLUMNS})),
        (Skin.predict, "text/csv; charset=utf-8", b"n,a,s\n2,1.5,x\n"),
        (Skin.invocations, JSON, body({"dataframe_records": [ROW]})),
        (
            Skin.invocations,
            JSON,
            body({"dataframe_split": {"columns": ["s", "a", "n"], "data": [["x", 1.5, 2]]}}),
        ),
        (Skin.invocations, JSON, body({"instances": [[1.5, 2, "x"]]})),
        (Skin.invocations, JSON, body({"inputs": COLUMNS})),
        (Skin.invocations, "text/csv", b"a,n,s\n1.5,2.0,x\n"),
        (Skin.v2, JSON, body({"inputs": V2})),
    ],
)
def test_every_form_means_the_same_columns(skin: Skin, content_type: str, sent: bytes) -> None:
    assert decode(skin, content_type, sent, TABLE) == COLUMNS


@pytest.mark.parametrize(
    ("rows", "row", "column", "words"),
    [
        ([ROW, {"n": 1}], 1, "a", "required"),
        ([{**ROW, "a": None}], 0, "a", "required"),
        ([ROW, {**ROW, "a": "1.0"}], 1, "a", "expected a number"),
        ([{**ROW, "a": True}], 0, "a", "expected a number"),
        ([{**ROW, "n": 1.5}], 0, "n", "whole number"),
        ([ROW, ROW, {**ROW, "n": 2**63}], 2, "n", "out of range"),
        ([{**ROW, "n": 10**400}], 0, "n", "out of range"),
        ([{**ROW, "s": 3}], 0, "s", "expected a string"),
        ([ROW, {**ROW, "z": 1}], 1, "z", "unknown column"),
        ([ROW, {**ROW, "a": math.nan}], 1, "a", "finite"),
        ([{**ROW, "a": -math.inf}], 0, "a", "finite"),
        ([ROW, 3], 1, None, "object"),
        ([[1.0, 2, "x"], [1.0]], 1, "n", "3 values"),
    ],
)
def test_wrong_cell_is_named_by_row_and_column(
    rows: list[object], row: int, column: str | None, words: str
) -> None:
    with pytest.raises(InvalidRows) as caught:
        decode(Skin.predict, JSON, body({"rows": rows}), TABLE)
    first = caught.value.problems[0]
    assert (first.row, first.column) == (row, column)
    assert words in first.problem


@pytest.mark.parametrize(
    ("skin", "content_type", "sent", "words"),
    [
        (Skin.predict, JSON, b"{", "not valid JSON"),
        (Skin.predict, JSON, b"[" * 100_000, "not valid JSON"),
        (Skin.predict, JSON, b"[]", "object"),
        (Skin.predict, JSON, b"{}", "exactly one of"),
        (Skin.predict, JSON, body({"rows": []}), "no rows"),
        (Skin.predict, JSON, body({"rows": [ROW] * 6}), "at most 5"),
        (Skin.predict, JSON, body({"columns": {**COLUMNS, "n": [1, 2]}}), "2 values"),
        (Skin.predict, "image/png", b"", "content type"),
        (Skin.predict, "text/csv", b"a,n\n1\n", "expected 2 values"),
        (Skin.predict, "text/csv", b"a,n\n\xff,1\n", "UTF-8"),
        (Skin.invocations, JSON, body({"inputs": COLUMNS, "instances": []}), "exactly one"),
        (
            Skin.invocations,
            JSON,
            body({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}),
            "twice",
        ),
        (Skin.v2, JSON, body({"inputs": [{**V2[0], "shape": [2]}]}), "needs 2 values"),
        (Skin.v2, JSON, body({"inputs": [{**V2[0], "datatype": "FP65"}]}), "datatype"),
    ],
)
def test_wrong_body_is_refused_with_a_reason(
    skin: Skin, content_type: str, sent: bytes, words: str
) -> None:
    with pytest.raises(InvalidRows, match=words):
        decode(skin, content_type, sent, TABLE, max_rows=5)


def test_answer_names_at_most_twenty_problems() -> None:
    with pytest.raises(InvalidRows) as caught:
        decode(Skin.predict, JSON, body({"rows": [{**ROW, "a": "x"}] * 500}), TABLE)
    assert len(caught.value.problems) == 20


@pytest.mark.parametrize("rows", [[[1, 2], [3]], [[1, "x"]], [[1, [2]]], [3]])
def test_tensor_of_the_wrong_shape_is_refused(rows: list[object]) -> None:
    with pytest.raises(InvalidRows):
        decode(Skin.invocations, JSON, body({"inputs": rows}), TENSOR)


def test_model_without_signature_takes_named_and_unnamed_rows() -> None:
    named = read_request(Skin.invocations, JSON, body({"dataframe_records": [ROW]}), Signature())
    unnamed = read_request(Skin.invocations, JSON, body({"inputs": [[1, 2]]}), Signature())
    assert (named.named, named.columns) == (True, {"a": [1.5], "n": [2], "s": ["x"]})
    assert (unnamed.named, unnamed.columns) == (False, {"inputs": [[1, 2]]})


@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_rows_and_columns_decode_alike(rows: list[tuple[float, int, str | None]]) -> None:
    records = [dict(zip("ans", row, strict=True)) for row in rows]
    columns = {name: [record[name] for record in records] for name in "ans"}
    by_rows = decode(Skin.predict, JSON, body({"rows": records}), TABLE)
    by_columns = decode(Skin.invocations, JSON, body({"inputs": columns}), TABLE)
    assert by_rows == by_columns == columns
