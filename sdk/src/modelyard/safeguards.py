"""What is held against answers at serving time, and how often it held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Safeguards:
    """The safeguards of a deployment, as the API writes them."""

    version: int
    """Grows with each change; 0: nothing was chosen yet."""
    safeguards: list[dict[str, Any]]
    inputs: list[str]
    """Columns that a safeguard can look at."""


@dataclass(frozen=True, slots=True)
class HeldSafeguard:
    """One safeguard over a window. `examples`: prediction id and row, the newest first."""

    name: str
    action: str | None
    calls: int
    rows: int
    share: float | None
    examples: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Held:
    """How often safeguards held against the calls of a window, the busiest first."""

    calls: int
    safeguards: tuple[HeldSafeguard, ...]

    @classmethod
    def read(cls, item: dict[str, Any]) -> Held:
        """Read the server's answer."""
        names = set(HeldSafeguard.__slots__) - {"examples"}
        found = tuple(
            HeldSafeguard(
                examples=tuple((row["prediction_id"], row["row"]) for row in one["examples"]),
                **{name: one[name] for name in names},
            )
            for one in item["safeguards"]
        )
        return cls(item["calls"], found)
