"""The quick decoder says what the full one says, or nothing."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.inference import InvalidRows, read_request
from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin
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


@given(ROWS)
def test_what_is_read_quickly_is_what_the_full_decoder_reads(rows: list[list[Any]]) -> None:
    for skin, value in bodies(rows):
        try:
            body = orjson.dumps(value)
        except (TypeError, orjson.JSONEncodeError):
            continue
        flat = MATRIX.read(skin, body)
        matrix = MATRIX.join([flat]) if flat is not None else None
        if matrix is None:
            continue
        request = read_request(skin, "application/json", body, SIGNATURE)
        full = MATRIX.from_request(request)
        assert full is not None
        assert matrix.tolist() == full.tolist()


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'{"rows":[]}', b'{"rows":{}}', b"{"])
def test_what_is_no_body_is_left_to_the_full_decoder(body: bytes) -> None:
    assert MATRIX.read(Skin.predict, body) is None
    with pytest.raises(InvalidRows):
        read_request(Skin.predict, "application/json", body, SIGNATURE)
