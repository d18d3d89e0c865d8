"""Request bodies of the three skins, decoded to columns by one piece of code.

The model server decodes with it before it predicts, monitoring decodes with it when it reads the
journal, so both always mean the same rows.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from .bodies import read_body
from .package import Column, DType, Signature
from .records import Skin
from .tables import BodyError, Records, Split, Table, Tensors, Unnamed
from .tensors import TensorError, tensor_rows
from .values import conform, number_from_text

Columns = dict[str, list[Any]]
"""Column name → one value per row. A model without named columns has the one column `inputs`."""

UNNAMED = "inputs"
MAX_PROBLEMS = 20  # enough to mend a client; a body of 10 000 bad rows must not be answered in full


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request body; `None` where it is not about a row or a column."""

    row: int | None
    column: str | None
    problem: str

    def as_field(self) -> dict[str, Any]:
        """Give the entry of `fields` in a problem document."""
        return {"row": self.row, "column": self.column, "problem": self.problem}


class InvalidRows(ValueError):
    """A request body the model cannot predict; `problems` names rows and columns."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        first = problems[0]
        where = [f"row {first.row}"] if first.row is not None else []
        where += [f"column {first.column!r}"] if first.column is not None else []
        place = ", ".join(where)
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{place}: {first.problem}{more}" if place else f"{first.problem}{more}")


@dataclass(frozen=True, slots=True)
class Request:
    """A decoded call."""

    columns: Columns
    rows: int
    named: bool
    """False: `columns` has only `inputs`, nested lists for a model without named columns."""
    params: dict[str, Any] = field(default_factory=dict)
    id: str | None = None
    """The id a v2 caller chose, echoed in the answer."""


def decode(
    skin: Skin, content_type: str, body: bytes, signature: Signature, max_rows: int = 10_000
) -> Columns:
    """Give the columns of a request body, checked against the signature.

    Raises:
        InvalidRows: the body is not one this model accepts.
    """
    return read_request(skin, content_type, body, signature, max_rows).columns


def read_request(
    skin: Skin, content_type: str, body: bytes, signature: Signature, max_rows: int = 10_000
) -> Request:
    """Give everything a request body says, checked against the signature.

    Raises:
        InvalidRows: the body is not one this model accepts.
    """
    try:
        parsed = read_body(skin, content_type, body, _loads, signature)
    except BodyError as error:
        raise InvalidRows([Problem(error.row, error.column, str(error))]) from None
    rows = parsed.table.count()
    if rows == 0:
        raise _refusal("there are no rows to predict")
    if rows > max_rows:
        raise _refusal(f"{rows} rows, but at most {max_rows} are accepted in one call")
    params = _params(parsed.params, signature)
    if signature.is_tensor:
        columns, named = _tensor_columns(parsed.table, signature)
    elif signature.inputs:
        columns, named = _typed_columns(parsed.table, signature), True
    else:
        columns, named = _free_columns(parsed.table)
    return Request(columns, rows, named, params, parsed.id)


def decode_records(rows: list[dict[str, Any]], signature: Signature) -> Columns:
    """Give the columns of rows that are parsed already; `signature` names its inputs.

    Raises:
        InvalidRows: one is not a row this model accepts.
    """
    return _typed_columns(Records(rows), signature)


def _refusal(problem: str) -> InvalidRows:
    return InvalidRows([Problem(None, None, problem)])


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # NaN and Infinity are not JSON, yet Python clients send them: read on to name the cell.
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise BodyError(f"the body is not valid JSON: {error}") from None


def _typed_columns(table: Table, signature: Signature) -> Columns:
    raw = _raw_columns(table, signature.inputs)
    quick = _all_doubles(raw, signature)
    if quick is not None:
        return quick
    columns: Columns = {}
    problems: list[Problem] = []
    for column in signature.inputs:
        columns[column.name], wrong = conform(raw[column.name], column)
        problems += [Problem(row, column.name, text) for row, text in wrong]
    if problems:
        raise InvalidRows(sorted(problems, key=lambda found: found.row or 0))
    return columns


def _all_doubles(raw: Columns, signature: Signature) -> Columns | None:
    """Give the columns of the commonest case, checked at once: every value a finite number.

    A single row of 30 numbers is decoded six times faster than column by column.
    """
    if any(column.dtype is not DType.double for column in signature.inputs):
        return None
    flat = list(chain.from_iterable(raw.values()))
    kinds = set(map(type, flat))
    try:
        if not kinds <= {float, int} or not math.isfinite(math.fsum(flat)):
            return None
        if int in kinds:
            return {name: list(map(float, values)) for name, values in raw.items()}
    except OverflowError:
        return None
    return raw


def _raw_columns(table: Table, wanted: tuple[Column, ...]) -> Columns:
    if isinstance(table, Unnamed):
        return _by_position(table.rows, wanted)
    if isinstance(table, Records):
        return _from_records(table.rows, wanted)
    given = _transposed(table) if isinstance(table, Split) else _even(table)
    known = {column.name for column in wanted}
    problems = [Problem(None, name, "unknown column") for name in given if name not in known]
    problems += [
        Problem(None, column.name, "the column is required, but missing")
        for column in wanted
        if column.required and column.name not in given
    ]
    if problems:
        raise InvalidRows(problems)
    empty = [None] * table.count()
    return {column.name: given.get(column.name, empty) for column in wanted}


def _from_records(rows: list[Any], wanted: tuple[Column, ...]) -> Columns:
    try:
        columns = {column.name: [row[column.name] for row in rows] for column in wanted}
    except (KeyError, TypeError, IndexError):
        columns = {}
    if columns and all(len(row) == len(wanted) for row in rows):
        return columns
    problems: list[Problem] = []
    known = {column.name for column in wanted}
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            problems.append(Problem(index, None, "expected an object with one value per column"))
            continue
        problems += [Problem(index, str(n), "unknown column") for n in row if n not in known]
        problems += [
            Problem(index, column.name, "the column is required, but missing")
            for column in wanted
            if column.required and column.name not in row
        ]
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise InvalidRows(problems)
    return {column.name: [row.get(column.name) for row in rows] for column in wanted}


def _by_position(rows: list[Any], wanted: tuple[Column, ...]) -> Columns:
    if len(wanted) == 1 and not any(isinstance(row, list) for row in rows):
        return {wanted[0].name: rows}
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(wanted):
            count = len(row) if isinstance(row, list) else 1
            missing = wanted[count].name if count < len(wanted) else None
            expected = f"expected {len(wanted)} values in the signature's order, got {count}"
            raise InvalidRows([Problem(index, missing, expected)])
    return {column.name: [row[at] for row in rows] for at, column in enumerate(wanted)}


def _transposed(table: Split) -> Columns:
    width = len(table.names)
    if len(set(table.names)) != width:
        twice = next(name for name in table.names if table.names.count(name) > 1)
        raise InvalidRows([Problem(None, twice, "the column is named twice")])
    for index, row in enumerate(table.rows):
        if not isinstance(row, list) or len(row) != width:
            count = len(row) if isinstance(row, list) else 1
            column = table.names[count] if count < width else None
            raise InvalidRows([Problem(index, column, f"expected {width} values, got {count}")])
    return dict(zip(table.names, map(list, zip(*table.rows, strict=True)), strict=True))


def _even(table: Tensors) -> Columns:
    count = table.count()
    for name, values in table.columns.items():
        if len(values) != count:
            row = min(len(values), count)
            problem = f"{len(values)} values, but the first column has {count}"
            raise InvalidRows([Problem(row, name, problem)])
    return table.columns


def _free_columns(table: Table) -> tuple[Columns, bool]:
    if isinstance(table, Unnamed):
        width = len(table.rows[0]) if isinstance(table.rows[0], list) else None
        for index, row in enumerate(table.rows):
            if (len(row) if isinstance(row, list) else None) != width:
                raise InvalidRows([Problem(index, None, "the row is shaped unlike the first")])
        return {UNNAMED: table.rows}, False
    if isinstance(table, Records):
        first = table.rows[0]
        names = first if isinstance(first, dict) else {}
        wanted = tuple(Column(name=str(name), dtype=DType.object) for name in names)
        return _from_records(table.rows, wanted), True
    if isinstance(table, Split):
        columns = _transposed(table)
        return (_guessed(columns) if table.is_text else columns), True
    return _even(table), True


def _guessed(columns: Columns) -> Columns:
    """CSV without a signature: a column whose every cell is a number is numeric."""
    result: Columns = {}
    for name, cells in columns.items():
        numbers = [number_from_text(cell.strip()) if cell.strip() else None for cell in cells]
        result[name] = cells if any(isinstance(value, str) for value in numbers) else numbers
    return result


def _tensor_columns(table: Table, signature: Signature) -> tuple[Columns, bool]:
    named = len(signature.inputs) > 1
    rows: Columns
    if isinstance(table, Unnamed | Split):
        if named:
            raise _refusal("this model takes several tensors: send them by name")
        data = table.rows
        if isinstance(table, Split) and table.is_text:
            data = [[number_from_text(cell) for cell in row] for row in data]
        rows = {signature.inputs[0].name: data}
    elif isinstance(table, Tensors) and not named and len(table.columns) == 1:
        rows = {signature.inputs[0].name: next(iter(table.columns.values()))}
    else:
        rows = _raw_columns(table, signature.inputs)
    for column in signature.inputs:
        try:
            tensor_rows(rows[column.name], column)
        except TensorError as error:
            raise InvalidRows([Problem(error.row, column.name, str(error))]) from None
    return rows, True


def _params(given: dict[str, Any], signature: Signature) -> dict[str, Any]:
    known = {column.name: column for column in signature.params}
    problems = [Problem(None, name, "unknown parameter") for name in given if name not in known]
    for name, value in given.items():
        if name in known and known[name].shape is None:
            _, wrong = conform([value], known[name])
            problems += [Problem(None, name, f"parameter: {text}") for _, text in wrong]
    if problems:
        raise InvalidRows(problems)
    return given
