"""What values of a deployment's columns may be, and which are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Status = Literal["ok", "broken", "no_data", "none"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is asked of columns, and what the baseline proposes, as the API writes them."""

    version: int
    """Grows with each change; 0: nothing was chosen yet."""
    columns: list[dict[str, Any]]
    proposed: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one column over a window. `examples`: prediction id and row of the call."""

    column: str
    check: str
    status: str
    values: int
    broken: int
    allowed_share: float
    explain: str
    examples: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Violations:
    """How the rows of a window kept the constraints; broken checks first."""

    status: Status
    reason: str
    rows: int
    checks: tuple[CheckResult, ...]

    @classmethod
    def read(cls, item: dict[str, Any]) -> Violations:
        """Read the server's answer."""
        names = set(CheckResult.__slots__) - {"examples"}
        checks = tuple(
            CheckResult(
                examples=tuple((row["prediction_id"], row["row"]) for row in one["examples"]),
                **{name: one[name] for name in names},
            )
            for one in item["checks"]
        )
        return cls(item["status"], item["reason"], item["rows"], checks)
