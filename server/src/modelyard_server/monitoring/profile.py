"""Profiles: the counts of many columns over one stretch of time. They merge by addition."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from modelyard_server.kernel.lazily import lazily

from . import members
from .grid import HEAD, NULLS, Grid, Ints, Kind, build, category, is_missing

if TYPE_CHECKING:
    import numpy as np
else:
    np = lazily("numpy")


Profile = dict[str, Ints]
"""Column name → counts on the column's grid; and registers of text columns, see `DISTINCT`."""
DISTINCT = "\0distinct"
"""Behind a column's name: where the registers that estimate its distinct values are."""


class ColumnRole(StrEnum):
    """Whether the caller sent a column or the model answered it."""

    input = "input"
    prediction = "prediction"


class Origin(StrEnum):
    """Where a column's reference comes from."""

    training = "training"
    provisional = "provisional"  # the first live rows, because training told us nothing


@dataclass(frozen=True, slots=True)
class ColumnReference:
    """What a column looked like in the reference."""

    name: str
    role: ColumnRole
    origin: Origin
    grid: Grid
    counts: Ints
    distinct: float | None = None
    """Text: distinct values of the reference."""


def reference_of(
    name: str, values: list[Any], *, role: ColumnRole, origin: Origin
) -> ColumnReference:
    """Build the grid of a column from reference values and count them on it."""
    grid = build(values, name=name, is_prediction=role is ColumnRole.prediction)
    if grid.kind is not Kind.text or grid.identifier:
        return ColumnReference(name, role, origin, grid, grid.count(values))
    # The other half is in `members`: it would make everything look seen.
    kept = values[1::2] if grid.members else values
    distinct = members.distinct(registers(kept))
    return ColumnReference(name, role, origin, grid, grid.count(kept), distinct)


def count_column(column: ColumnReference, values: list[Any]) -> Profile:
    """Count live values of one column on its reference's grid."""
    counted = {column.name: column.grid.count(values)}
    if column.distinct is not None:
        counted[column.name + DISTINCT] = registers(values)
    return counted


def registers(values: list[Any]) -> Ints:
    """Count values for `members.distinct`; missing ones are none."""
    return members.registers([category(value) for value in values if not is_missing(value)])


def rows_in(profile: Profile) -> int:
    """Give how many rows a profile holds: those of its fullest column."""
    return max(
        (rows_of(counts) for name, counts in profile.items() if not name.endswith(DISTINCT)),
        default=0,
    )


def rows_of(counts: Ints) -> int:
    """Give how many values were counted, missing and mistyped ones too."""
    return int(counts[HEAD:].sum() + counts[NULLS] + counts[NULLS + 2])


def count(columns: Mapping[str, list[Any]], references: Mapping[str, ColumnReference]) -> Profile:
    """Count live values on the grids of the reference; columns without one are left out."""
    counted: Profile = {}
    for name, values in columns.items():
        if name in references:
            counted |= count_column(references[name], values)
    return counted


def merge(profiles: Iterable[Profile]) -> Profile:
    """Add profiles that were counted on the same grids."""
    total: Profile = {}
    for profile in profiles:
        for name, counts in profile.items():
            held = total.get(name)
            same = held is not None and len(held) == len(counts)
            total[name] = held + counts if held is not None and same else counts.copy()
    return total


def pack(profile: Profile) -> bytes:
    """Write a profile as bytes: names and lengths as JSON, then all counts."""
    head = orjson.dumps([[name, len(counts)] for name, counts in profile.items()])
    parts = [np.asarray(counts, dtype="<i8").tobytes() for counts in profile.values()]
    return zlib.compress(len(head).to_bytes(4, "little") + head + b"".join(parts), 1)


def unpack(packed: bytes) -> Profile:
    """Read a profile back."""
    raw = zlib.decompress(packed)
    at = 4 + int.from_bytes(raw[:4], "little")
    numbers = np.frombuffer(raw, dtype="<i8", offset=at).astype(np.int64)
    profile: Profile = {}
    start = 0
    for name, length in orjson.loads(raw[4:at]):
        profile[name] = numbers[start : start + length]
        start += length
    return profile


def pack_references(references: Iterable[ColumnReference]) -> bytes:
    """Write references as bytes."""
    rows = [
        {
            "name": column.name,
            "role": column.role,
            "origin": column.origin,
            "grid": asdict(column.grid),
            "counts": column.counts.tolist(),
            "distinct": column.distinct,
        }
        for column in references
    ]
    return zlib.compress(orjson.dumps(rows), 1)


def unpack_references(packed: bytes) -> dict[str, ColumnReference]:
    """Read references back, by column name."""
    found: dict[str, ColumnReference] = {}
    for row in orjson.loads(zlib.decompress(packed)):
        raw = row["grid"]
        grid = Grid(
            **{
                **raw,
                "kind": Kind(raw["kind"]),
                "edges": tuple(raw["edges"]),
                "values": tuple(raw["values"]),
                "masses": tuple(raw.get("masses", ())),
            }
        )
        found[row["name"]] = ColumnReference(
            row["name"],
            ColumnRole(row["role"]),
            Origin(row["origin"]),
            grid,
            np.array(row["counts"], dtype=np.int64),
            row.get("distinct"),
        )
    return found
