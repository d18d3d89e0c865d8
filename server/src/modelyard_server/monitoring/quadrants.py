"""Importance beside drift: which columns to look at first, in a sentence with numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from . import drift
from .drift import ColumnDrift, Status
from .profile import ColumnRole

TOP = 3


class Quadrant(StrEnum):
    """Where a column lies: how much it moved, and how much the model relies on it."""

    act = "act"
    watch = "watch"
    ignore = "ignore"
    calm = "calm"


@dataclass(frozen=True, slots=True)
class Placed:
    """One input on both axes. `share`: of the model's reliance on all inputs."""

    name: str
    score: float
    share: float
    quadrant: Quadrant


def place(columns: Sequence[ColumnDrift], importance: Mapping[str, float]) -> list[Placed]:
    """Place every input with a score, the most urgent first; nothing without importances.

    An input is important from its fair share on: one part of as many parts as there are inputs.
    """
    inputs = [c for c in columns if c.reference.role is ColumnRole.input and c.score is not None]
    weight = {c.reference.name: max(0.0, importance.get(c.reference.name, 0.0)) for c in inputs}
    total = sum(weight.values())
    if total <= 0:
        return []
    fair = fair_share(len(inputs))
    placed = [
        Placed(
            c.reference.name,
            c.score or 0.0,
            weight[c.reference.name] / total,
            _quadrant(c, weight[c.reference.name] / total >= fair),
        )
        for c in inputs
    ]
    return sorted(placed, key=lambda p: (-p.score * p.share, -p.share, p.name))


def fair_share(inputs: int) -> float:
    """Give the share from which an input counts as important."""
    return 1 / max(1, inputs)


def sentence(placed: Sequence[Placed]) -> str | None:
    """Name the inputs that matter most: those that moved, by drift times importance."""
    moved = [one for one in placed if one.quadrant in {Quadrant.act, Quadrant.ignore}]
    if not moved:
        if not placed:
            return None
        first = max(placed, key=lambda one: one.share)
        return (
            f"No input moved; the model relies most on {first.name} "
            f"({first.share:.0%} of its reliance, drift {first.score:.2f})."
        )
    said = [f"{one.name} (drift {one.score:.2f}, {one.share:.0%})" for one in moved[:TOP]]
    share = sum(one.share for one in moved)
    names = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    many = "input" if len(moved) == 1 else "inputs"
    return (
        f"{len(moved)} moved {many} carry {share:.0%} of what the model relies on. "
        f"First to look at: {names}."
    )


def _quadrant(column: ColumnDrift, is_important: bool) -> Quadrant:
    moved = column.status is Status.drifting or (column.score or 0.0) >= drift.EFFECT
    if moved:
        return Quadrant.act if is_important else Quadrant.ignore
    return Quadrant.watch if is_important else Quadrant.calm
