"""Types of columns that are known only when all rows were seen."""

import io
from typing import Any

import orjson
from pyarrow import parquet

from modelyard_server.batches.parquet import as_parquet


def _told(*parts: list[Any]) -> tuple[str, list[Any]]:
    """Write one column from parts; give its type and what is read of it."""

    def read() -> Any:
        return (b"".join(orjson.dumps({"a": value}) + b"\n" for value in one) for one in parts)

    written = b"".join(as_parquet(read, ["a"], lambda row: [row["a"]]))
    table = parquet.read_table(io.BytesIO(written))
    return str(table.schema.field("a").type), table.column("a").to_pylist()


def test_each_column_has_the_narrowest_type_that_holds_all_its_values() -> None:
    assert _told([1], [None, 2]) == ("int64", [1, None, 2])
    assert _told([1], [2.5]) == ("double", [1.0, 2.5])
    assert _told([[2**60 + 1]], [[2.5]])[1] == [[float(2**60)], [2.5]]
    assert _told([None], [True]) == ("bool", [None, True])
    assert _told(["x"], [None]) == ("string", ["x", None])
    assert _told([[1]], [[], [2.5]]) == ("list<element: double>", [[1.0], [], [2.5]])
    assert _told([None], []) == ("string", [None])
    assert _told() == ("string", [])


def test_what_has_no_one_plain_type_is_json_text() -> None:
    assert _told([1], ["x"]) == ("string", ["1", "x"])
    assert _told([{"k": 1}], [True]) == ("string", ['{"k":1}', "true"])
    assert _told([[1]], [["x"]]) == ("string", ["[1]", '["x"]'])
    assert _told([2**60, 1.5]) == ("string", [str(2**60), "1.5"])
