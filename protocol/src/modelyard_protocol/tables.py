"""Rows as a body gave them, before anything is checked against a signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class BodyError(ValueError):
    """A body that has none of the accepted forms."""

    def __init__(self, problem: str, row: int | None = None, column: str | None = None) -> None:
        self.row, self.column = row, column
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Records:
    """Rows as objects."""

    rows: list[Any]

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Split:
    """Column names once, then rows as lists; `is_text` when the cells came from CSV untyped."""

    names: list[str]
    rows: list[Any]
    is_text: bool = False

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Tensors:
    """Named columns or tensors, each a list over rows."""

    columns: dict[str, list[Any]]

    def count(self) -> int:
        """Give the number of rows of the first column."""
        return len(next(iter(self.columns.values()), []))


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Rows without column names."""

    rows: list[Any]

    def count(self) -> int:
        """Give the number of rows."""
        return len(self.rows)


Table = Records | Split | Tensors | Unnamed


@dataclass(frozen=True, slots=True)
class Body:
    """A body whose form is known."""

    table: Table
    params: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


def mapping(value: Any, name: str) -> dict[str, Any]:
    """Require an object.

    Raises:
        BodyError: it is none.
    """
    if value is None and name == "params":
        return {}
    if not isinstance(value, dict):
        raise BodyError(f"{name} must be an object")
    return value


def listed(value: Any, name: str) -> list[Any]:
    """Require a list.

    Raises:
        BodyError: it is none.
    """
    if not isinstance(value, list):
        raise BodyError(f"{name} must be a list")
    return value
