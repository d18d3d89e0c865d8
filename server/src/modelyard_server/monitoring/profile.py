"""Profiles: the counts of many columns over one stretch of time. They merge by addition."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import orjson

from .grid import HEAD, NULLS, Grid, Ints, Kind, build

Profile = dict[str, Ints]
"""Column name → counts on the column's grid."""


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


def reference_of(
    name: str, values: list[Any], *, role: ColumnRole, origin: Origin
) -> ColumnReference:
    """Build the grid of a column from reference values and count them on it."""
    grid = build(values, is_prediction=role is ColumnRole.prediction)
    return ColumnReference(name, role, origin, grid, grid.count(values))


def rows_of(counts: Ints) -> int:
    """Give how many values were counted, missing and mistyped ones too."""
    return int(counts[HEAD:].sum() + counts[NULLS] + counts[NULLS + 2])


def count(columns: Mapping[str, list[Any]], references: Mapping[str, ColumnReference]) -> Profile:
    """Count live values on the grids of the reference; columns without one are left out."""
    return {
        name: references[name].grid.count(values)
        for name, values in columns.items()
        if name in references
    }


def merge(profiles: Iterable[Profile]) -> Profile:
    """Add profiles that were counted on the same grids."""
    total: Profile = {}
    for profile in profiles:
        for name, counts in profile.items():
            held = total.get(name)
            total[name] = counts.copy() if held is None else held + counts
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
            }
        )
        found[row["name"]] = ColumnReference(
            row["name"],
            ColumnRole(row["role"]),
            Origin(row["origin"]),
            grid,
            np.array(row["counts"], dtype=np.int64),
        )
    return found
