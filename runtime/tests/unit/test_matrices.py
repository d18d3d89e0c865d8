"""The quick decoder says what the full one says, or nothing."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.inference import InvalidRows, read_request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
from modelyard_runtime.fast import typed
from modelyard_runtime.fast.matrices import Matrix

SIGNATURE = Signature(
    inputs=(
        Column(name="a", dtype=DType.double),
        Column(name="b", dtype=DType.float),
        Column(name="c", dtype=DType.long),
        Column(name="d", dtype=DType.integer),
    )
)
MATRIX = Matrix(SIGNATURE)

CELLS = st.one_of(
    st.floats(width=32), st.integers(-5, 5), st.integers(), st.booleans(), st.none(), st.text("a0"),
    st.sampled_from([1e39, 2**31, 2**31 - 1, -(2**53), 2**60, 1.5, 3.0, [], {}]),
)  # fmt: skip
GOOD = st.tuples(st.floats(-1e6, 1e6), st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9))
ROWS = st.lists(GOOD.map(list) | st.lists(CELLS, min_size=3, max_size=5), min_size=0, max_size=4)


def bodies(rows: list[list[Any]]) -> list[tuple[Skin, Any]]:
    named = [dict(zip("abcd", row, strict=False)) for row in rows]
    first: Any = named[0] if named else None
    split = {"columns": list("abcd"), "data": rows}
    return [
        (Skin.predict, {"rows": named}), (Skin.predict, {"rows": rows}),
        (Skin.predict, {"row": first}), (Skin.predict, {"rows": [*named, *rows]}),
        (Skin.predict, {"columns": {"a": [1]}}), (Skin.predict, {"rows": named, "params": {}}),
        (Skin.invocations, {"dataframe_split": split}), (Skin.invocations, {"instances": rows}),
        (Skin.invocations, {"dataframe_records": named}), (Skin.invocations, {"inputs": named}),
        (Skin.invocations, {"dataframe_records": rows}), (Skin.v2, {"inputs": []}),
    ]  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _every_body_is_large() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typed, "LARGE_BYTES", 0)
        yield


@given(ROWS)
def test_what_is_read_quickly_is_what_the_full_decoder_reads(rows: list[list[Any]]) -> None:
    for skin, value in bodies(rows):
        try:
            body = orjson.dumps(value)
        except (TypeError, orjson.JSONEncodeError):
            continue
        for read in (MATRIX.read, partial(typed.read, MATRIX)):
            flat = read(skin, body)
            matrix = MATRIX.join([flat]) if flat is not None else None
            if matrix is None:
                continue
            request = read_request(skin, "application/json", body, SIGNATURE)
            full = MATRIX.from_request(request)
            assert full is not None
            assert matrix.tolist() == full.tolist()


def test_rows_of_numbers_are_read_by_their_type_and_join_with_others() -> None:
    rows = [[n / 7, 0.5, n, 2] for n in range(50)]
    split = {"dataframe_split": {"columns": list("abcd"), "data": rows}}
    for skin, value in (
        (Skin.predict, {"rows": rows}),
        (Skin.invocations, split),
        (Skin.invocations, {"instances": rows}),
        (Skin.invocations, {"inputs": rows}),
    ):
        body = orjson.dumps(value)
        large, small = typed.read(MATRIX, skin, body), MATRIX.read(skin, body)
        assert large is not None
        assert small is not None
        assert [type(part[0]) for part in (large, small)] == [np.ndarray, list]
        for parts in ([large], [large, large], [large, small]):
            joined = MATRIX.join(parts)
            assert joined is not None
            assert joined.tolist() == rows * len(parts)


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows":[[1,2,3,4],[1,2,3]]}',
        b'{"rows":[[1,2,3,true]]}',
        b'{"rows":[[1,2,3,"4"]]}',
        b'{"rows":[[1,2,3,null]]}',
        b'{"rows":[[1,2,3,[4]]]}',
        b'{"rows":[[1,2,3,4]],"params":{}}',
        b'{"rows":[]}',
        b'{"rows":[[1,2,3,4]]',
        b'{"rows":[[1,2,3,1e999]]}',
        b"\xff",
    ],
)
def test_whatever_else_is_not_read_by_type(body: bytes) -> None:
    assert typed.read(MATRIX, Skin.predict, body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"dataframe_split":{"columns":["b","a","c","d"],"data":[[1,2,3,4]]}}',
        b'{"dataframe_split":{"columns":["b","a","c","d"],"data":[[1]]},"inputs":[[1,2,3,4]]}',
        b'{"instances":[[1,2,3,4]],"inputs":[[1,2,3,4]]}',
        b'{"dataframe_records":[[1,2,3,4]]}',
    ],
)
def test_invocations_of_another_form_are_not_read_by_type(body: bytes) -> None:
    assert typed.read(MATRIX, Skin.invocations, body) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'{"rows":[]}', b'{"rows":{}}', b"{"])
def test_what_is_no_body_is_left_to_the_full_decoder(body: bytes) -> None:
    assert MATRIX.read(Skin.predict, body) is None
    with pytest.raises(InvalidRows):
        read_request(Skin.predict, "application/json", body, SIGNATURE)
