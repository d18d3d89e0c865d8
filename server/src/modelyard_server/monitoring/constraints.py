"""Which values break what is asked of their column, and what training lets ask. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelyard_protocol.package import DType, Signature
from modelyard_server.kernel.lazily import lazily

from . import explain
from .constraint_schemas import Check, ColumnConstraint, ValueType
from .grid import HEAD, NULLS, Kind, category, floats, is_missing
from .profile import ColumnReference, rows_of
from .quality import wilson

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")

EXAMPLES = 3  # rows kept per check and stretch of time
_NUMBERS = frozenset({int, float})
_TYPES: dict[ValueType, frozenset[type]] = {
    ValueType.number: _NUMBERS,
    ValueType.integer: _NUMBERS,
    ValueType.boolean: frozenset({bool}),
    ValueType.text: frozenset({str}),
}
_INTEGERS = frozenset({DType.integer, DType.long})
_DECLARED = {
    DType.boolean: ValueType.boolean,
    DType.integer: ValueType.integer,
    DType.long: ValueType.integer,
    DType.float: ValueType.number,
    DType.double: ValueType.number,
    DType.string: ValueType.text,
}
Row = tuple[str, int]
"""Prediction id, and which row of the call."""


@dataclass(slots=True)
class Counted:
    """Values of one column: how many rows, how many values, and how many break which check."""

    rows: int = 0
    present: int = 0
    broken: dict[Check, int] = field(default_factory=dict)
    examples: dict[Check, list[Row]] = field(default_factory=dict)

    def add(self, other: Counted) -> None:
        """Add counts of later rows; the newest examples are kept."""
        self.rows += other.rows
        self.present += other.present
        for check, count in other.broken.items():
            self.broken[check] = self.broken.get(check, 0) + count
        for check, rows in other.examples.items():
            self.examples[check] = [*self.examples.get(check, []), *rows][-EXAMPLES:]


@dataclass(frozen=True, slots=True)
class Judged:
    """One check of one column over a window."""

    column: str
    check: Check
    values: int
    broken: int
    allowed_share: float
    is_broken: bool
    explain: str
    examples: list[Row]

    @property
    def share(self) -> float | None:
        """Give the share of values that break it."""
        return self.broken / self.values if self.values else None


def find(asked: ColumnConstraint, values: Sequence[Any]) -> tuple[int, dict[Check, list[int]]]:
    """Give how many values are there, and the positions of those that break each check."""
    kinds = set(map(type, values))
    gone = _missing(values, kinds)
    found = {
        Check.missing: gone if asked.max_missing_share is not None else [],
        Check.type: _mistyped(asked.type, values, kinds),
        Check.range: _out_of_range(asked.minimum, asked.maximum, values, kinds),
        Check.allowed: _not_allowed(asked.allowed, values, kinds),
        Check.length: _too_long(asked.max_length, values),
    }
    return len(values) - len(gone), {check: at for check, at in found.items() if at}


def judge(asked: Iterable[ColumnConstraint], counted: Mapping[str, Counted]) -> list[Judged]:
    """Judge every check that is asked, broken ones first, by how far they are over."""
    judged = [
        _judge(one, check, counted.get(one.column, Counted()))
        for one in asked
        for check in checks_of(one)
    ]
    judged.sort(
        key=lambda j: (not j.is_broken, j.allowed_share - (j.share or 0.0), j.column, j.check)
    )
    return judged


def checks_of(asked: ColumnConstraint) -> list[Check]:
    """Give what is asked of a column."""
    ranged = asked.minimum is not None or asked.maximum is not None
    wanted = {
        Check.missing: asked.max_missing_share is not None,
        Check.type: asked.type is not None,
        Check.range: ranged,
        Check.allowed: asked.allowed is not None,
        Check.length: asked.max_length is not None,
    }
    return [check for check, is_asked in wanted.items() if is_asked]


def propose(column: ColumnReference, signature: Signature) -> ColumnConstraint:
    """Give what a column's reference lets ask: type, missing values, range, values it knows.

    Missing values may be as many as the reference lets expect (upper end of Wilson's interval,
    rounded up to whole per cents).
    """
    declared = next((c.dtype for c in signature.inputs if c.name == column.name), None)
    rows, gone = rows_of(column.counts), int(column.counts[NULLS])
    facts: dict[str, Any] = {"column": column.name[:200], "type": _type_of(column, declared)}
    if rows:
        facts["max_missing_share"] = math.ceil(100 * wilson(gone, rows)[1]) / 100
    grid = column.grid
    if grid.kind is Kind.numeric and not grid.identifier:
        facts |= {"minimum": grid.low, "maximum": grid.high}
    if grid.kind is Kind.categorical and grid.complete and grid.values:
        facts["allowed"] = tuple(value[:500] for value in grid.values)
    return ColumnConstraint.model_validate(facts)


def _type_of(column: ColumnReference, declared: DType | None) -> ValueType | None:
    if declared is not None:
        return _DECLARED.get(declared)
    numeric = column.grid.kind is Kind.numeric and int(column.counts[HEAD:].sum()) > 0
    return ValueType.number if numeric else None


def _judge(asked: ColumnConstraint, check: Check, counted: Counted) -> Judged:
    whole = check is Check.missing
    values = counted.rows if whole else counted.present
    allowed = (asked.max_missing_share or 0.0) if whole else asked.max_broken_share
    broken = counted.broken.get(check, 0)
    is_broken = broken > 0 and wilson(broken, values)[0] > allowed
    return Judged(
        column=asked.column,
        check=check,
        values=values,
        broken=broken,
        allowed_share=allowed,
        is_broken=is_broken,
        explain=explain.broken(asked, check, broken, values),
        examples=counted.examples.get(check, []),
    )


def _missing(values: Sequence[Any], kinds: set[type]) -> list[int]:
    if not kinds & {type(None), float}:
        return []
    if kinds == {float}:
        return _at(np.isnan(floats(list(values))))
    return [at for at, value in enumerate(values) if is_missing(value)]


def _mistyped(wanted: ValueType | None, values: Sequence[Any], kinds: set[type]) -> list[int]:
    if wanted is None:
        return []
    right = _TYPES[wanted]
    whole = wanted is ValueType.integer and float in kinds
    if kinds - {type(None)} <= right and not whole:
        return []
    return [
        at
        for at, value in enumerate(values)
        if not is_missing(value)
        and (type(value) not in right or (whole and type(value) is float and value % 1 != 0))
    ]


def _out_of_range(
    low: float | None, high: float | None, values: Sequence[Any], kinds: set[type]
) -> list[int]:
    if (low is None and high is None) or not kinds & _NUMBERS:
        return []
    places = (
        range(len(values))
        if kinds <= _NUMBERS
        else [at for at, value in enumerate(values) if type(value) in _NUMBERS]
    )
    numbers = floats([values[at] for at in places])
    bottom, top = -math.inf if low is None else low, math.inf if high is None else high
    outside = _at((numbers < bottom) | (numbers > top))
    return [places[at] for at in outside]


def _not_allowed(
    allowed: tuple[str, ...] | None, values: Sequence[Any], kinds: set[type]
) -> list[int]:
    if allowed is None:
        return []
    known = frozenset(allowed)
    if (
        len(kinds) == 1
        and kinds <= {str, int, bool}
        and {category(v) for v in set(values)} <= known
    ):
        return []
    return [
        at
        for at, value in enumerate(values)
        if not is_missing(value) and category(value) not in known
    ]


def _too_long(most: int | None, values: Sequence[Any]) -> list[int]:
    if most is None:
        return []
    return [at for at, value in enumerate(values) if type(value) is str and len(value) > most]


def _at(mask: Any) -> list[int]:
    return [int(at) for at in np.flatnonzero(mask)]
