"""The reference of one version while it grows: training columns, then provisional ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from .baseline import TrainingTable, split_prediction
from .capture import PREDICTION, flat
from .profile import (
    ColumnReference,
    ColumnRole,
    Origin,
    Profile,
    count_column,
    pack_references,
    reference_of,
    unpack_references,
)

PROVISIONAL_ROWS = 500
MAX_COLUMNS = 500  # of one model; wider ones are watched on their first columns


@dataclass(slots=True)
class Reference:
    """Grids and reference counts of a version's columns, and what is still being collected."""

    name: str | None = None
    columns: dict[str, ColumnReference] = field(default_factory=dict)
    pending: dict[str, list[Any]] = field(default_factory=dict)
    importance: dict[str, float] = field(default_factory=dict)
    """Input → how much worse the model gets without it; empty while it is not known."""

    @property
    def collected(self) -> int:
        """How many rows of the provisional reference are there."""
        return max((len(values) for values in self.pending.values()), default=0)

    def count(self, columns: Mapping[str, list[Any]]) -> Profile:
        """Count live values; those a provisional reference still needs go there instead."""
        counted: Profile = {}
        for name, values in columns.items():
            rest = values if name in self.columns else self._collect(name, values)
            if rest and name in self.columns:
                counted |= count_column(self.columns[name], rest)
        return counted

    def _collect(self, name: str, values: list[Any]) -> list[Any]:
        if name not in self.pending and len(self.pending) + len(self.columns) >= MAX_COLUMNS:
            return []
        held = self.pending.setdefault(name, [])
        need = PROVISIONAL_ROWS - len(held)
        held.extend(values[:need])
        if len(held) >= PROVISIONAL_ROWS:
            self.columns[name] = reference_of(
                name, self.pending.pop(name), role=role_of(name), origin=Origin.provisional
            )
        return values[need:]

    def pack(self) -> tuple[bytes, bytes]:
        """Write columns and pending values as bytes."""
        return pack_references(self.columns.values()), orjson.dumps(self.pending, default=str)


def role_of(name: str) -> ColumnRole:
    """Tell the answer's columns from the caller's by their name."""
    answered = name == PREDICTION or name.startswith((f"{PREDICTION}[", f"{PREDICTION}."))
    return ColumnRole.prediction if answered else ColumnRole.input


def unpack(name: str | None, columns: bytes, pending: bytes) -> Reference:
    """Read a reference back."""
    return Reference(name, unpack_references(columns), orjson.loads(pending))


def from_training(
    table: TrainingTable, inputs: Sequence[str], outputs: Sequence[str]
) -> Reference | None:
    """Make the reference of a version from its training table; `None` when no column fits."""
    columns, prediction = split_prediction(table.columns, inputs, outputs)
    if not columns:
        return None
    spread = flat(columns)
    if prediction is not None:
        spread |= flat({PREDICTION: prediction})
    made = {
        name: reference_of(name, values, role=role_of(name), origin=Origin.training)
        for name, values in list(spread.items())[:MAX_COLUMNS]
    }
    return Reference(table.name, made)
