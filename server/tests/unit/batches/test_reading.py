"""Files read part by part give the same rows from wherever reading goes on."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from modelyard_protocol.package import Column, DType, Signature
from modelyard_server.batches import reading
from modelyard_server.batches.models import Format
from modelyard_server.batches.reading import Row, Unreadable, open_file
from modelyard_server.batches.scoring import Answered, Refused, score

SIGNATURE = Signature(
    inputs=(
        Column(name="x", dtype=DType.double),
        Column(name="word", dtype=DType.string, required=False),
    )
)
TABLE = {
    "x": [1.5, -2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    "word": ["a", 'say "hi",\nthen go', "é", None, "e", "", "g"],
    "id": [1, 2, 3, 4, 5, 6, 7],
}


def parquet() -> bytes:
    out = io.BytesIO()
    pa_parquet.write_table(pa.table(TABLE), out, row_group_size=3)
    return out.getvalue()


CSV = (
    b"\xef\xbb\xbfx,word,id\r\n1.5,a,1\r\n"
    + '-2.0,"say ""hi"",\nthen go",2\r\n\r\n3.0,é,3\r\n4,,4\n5,e,5\n6,"",6\n7,g,7'.encode()
)
JSONL = "".join(
    f"{line}\n"
    for line in (
        '{"x":1.5,"word":"a","id":1}',
        '{"x":-2.0,"word":"say \\"hi\\",\\nthen go","id":2}\n',
        '{"x":3.0,"word":"é","id":3}',
        '{"x":4.0,"word":null,"id":4}',
        '{"x":5.0,"word":"e","id":5}',
        '{"x":6.0,"word":"","id":6}',
        '{"x":7.0,"word":"g","id":7}',
    )
).encode()
FILES = {Format.csv: CSV, Format.jsonl: JSONL, Format.parquet: parquet()}


def read(kind: Format, body: bytes, at: dict[str, Any] | None = None) -> Any:
    return open_file(kind, io.BytesIO(body), len(body), SIGNATURE, at or {})


@pytest.mark.parametrize("kind", list(Format))
def test_reading_goes_on_where_any_part_ended(kind: Format, monkeypatch: Any) -> None:
    [*whole] = read(kind, FILES[kind]).part()
    assert [row.number for row in whole] == list(range(1, 8))
    assert [row.values["id"] for row in whole] == TABLE["id"]
    assert b'"id"' not in whole[0].content  # the model does not know it
    assert whole[1].values["word"] == 'say "hi",\nthen go'
    for size in (1, 2, 3, 5):
        monkeypatch.setattr(reading, "PART_ROWS", size)
        rows: list[Row] = []
        at: dict[str, Any] = {}
        while part := (reader := read(kind, FILES[kind], at)).part():
            rows += part
            at = reader.position()
        assert rows == whole
        assert reader.progress() == 1.0


def test_wrong_rows_are_told_and_do_not_stop_the_others() -> None:
    lines = b"x,word,id\n1,a\n,b,2\n\xff,c,3\n2,\xff,4\n5,e,5\n"
    rows = read(Format.csv, lines).part()
    assert [row.problem for row in rows] == [
        "expected 3 cells, got 2",
        "a value is required",
        "it is not UTF-8",
        "it is not UTF-8",
        None,
    ]
    found = read(Format.jsonl, b'{"x":1}\nnonsense\n[1]\n{"y":1}\n').part()
    assert [row.problem is None for row in found] == [True, False, False, False]


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        (Format.csv, b"", "empty"),
        (Format.csv, b"word,id\na,1\n", "no column 'x'"),
        (Format.csv, b"x,x\n1,1\n", "named twice"),
        (Format.csv, b'x,word\n1,"a', "damaged"),
        (Format.csv, b"x\n" + b"1" * (reading.MAX_LINE + 2), "more than"),
        (Format.parquet, b"nonsense", "not a Parquet file"),
        (Format.parquet, parquet()[:-20], "not a Parquet file"),
    ],
)
def test_what_cannot_be_read_says_why(kind: Format, body: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(kind, body).part()


@pytest.mark.parametrize("names_rows", [True, False])
def test_each_row_is_scored_or_refused_exactly_once(names_rows: bool) -> None:
    rows = [Row(number, number, b"{}") for number in range(1, 201)]
    calls = 0

    def send(part: list[Row]) -> Answered | Refused:
        nonlocal calls
        calls += 1
        wrong = {at: (None, "odd") for at, row in enumerate(part) if row.number % 7 == 0}
        if wrong:
            return Refused("odd", dict(list(wrong.items())[:20]) if names_rows else {})
        return Answered(f"p{calls}", 3, [row.number * 2 for row in part])

    scored, failed = score(rows, send)
    assert [one.row.number for one in failed] == [n for n in range(1, 201) if n % 7 == 0]
    assert [(one.row.number, one.prediction) for one in scored] == [
        (n, n * 2) for n in range(1, 201) if n % 7
    ]
    assert calls < 250
