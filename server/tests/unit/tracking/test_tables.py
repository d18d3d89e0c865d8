"""Pages of tables that users logged: right rows, right types, never too much."""

import io
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard_server.tracking import tables
from modelyard_server.tracking.errors import TableRefused

ROWS = 2500


def parquet(**columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=700)
    return io.BytesIO(sink.getvalue())


def csv(text):
    return io.BytesIO(text.encode())


@settings(deadline=None, max_examples=25)
@given(offset=st.integers(0, ROWS + 10), limit=st.integers(1, 900))
def test_a_page_of_parquet_is_the_rows_asked_for(offset, limit):
    stream = parquet(n=list(range(ROWS)))
    page = tables.page(stream, "parquet", offset=offset, limit=limit)
    wanted = list(range(ROWS))[offset : offset + min(limit, tables.MOST_ROWS)]
    assert [row[0] for row in page.rows] == [str(n) for n in wanted]
    assert page.total_rows == ROWS


def test_parquet_says_its_types_and_what_is_missing():
    page = tables.page(
        parquet(a=[1, None], b=[float("nan"), 0.5], c=["x" * 999, "é"], d=[b"\x01", None]),
        "parquet",
        offset=0,
        limit=10,
    )
    assert [(c.name, c.type, c.is_number) for c in page.columns] == [
        ("a", "int64", True),
        ("b", "double", True),
        ("c", "string", False),
        ("d", "binary", False),
    ]
    assert page.rows[0][:2] == ["1", "NaN"]
    assert len(page.rows[0][2]) == tables.MOST_CHARACTERS
    assert page.rows[1] == [None, "0.5", "é", None]


def test_a_csv_file_is_counted_and_its_types_are_guessed():
    page = tables.page(
        csv('n,x,on,word\n1,0.5,true,"a, b"\n2,,false,c\n3,1e3,true,\n'), "csv", offset=1, limit=1
    )
    assert [c.type for c in page.columns] == ["integer", "empty", "boolean", "text"]
    assert page.rows == [["2", None, "false", "c"]]
    assert page.total_rows == 3


def test_short_and_long_lines_fit_the_header():
    page = tables.page(csv("a\tb\n1\n1\t2\t3\n"), "tsv", offset=0, limit=10)
    assert page.rows == [["1", None], ["1", "2"]]


def test_a_table_of_very_many_columns_shows_the_first():
    names = [f"c{n}" for n in range(1000)]
    page = tables.page(csv(",".join(names) + "\n" + ",".join("1" * 1000)), "csv", offset=0, limit=5)
    assert len(page.columns) == len(page.rows[0]) == tables.MOST_COLUMNS
    assert page.hidden_columns == 800


def test_a_long_csv_file_is_looked_through_to_a_limit(monkeypatch):
    monkeypatch.setattr(tables, "MOST_SCANNED", 1000)
    page = tables.page(csv("n\n" + "1\n" * 5000), "csv", offset=0, limit=3)
    assert page.total_rows is None
    assert len(page.rows) == 3


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"nonsense" * 99, b"PAR1" + b"\0" * 64 + b"PAR1"]
)
def test_what_is_no_parquet_is_refused(content):
    with pytest.raises(TableRefused):
        tables.page(io.BytesIO(content), "parquet", offset=0, limit=5)


def test_parquet_that_grows_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(tables, "MOST_UNPACKED", 100)
    with pytest.raises(TableRefused, match="Download"):
        tables.page(parquet(n=list(range(ROWS))), "parquet", offset=0, limit=5)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_csv(content):
    with suppress(TableRefused):
        tables.page(io.BytesIO(content), "csv", offset=0, limit=5)
