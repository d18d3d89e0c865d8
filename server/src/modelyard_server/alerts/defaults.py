"""The rules every deployment starts with."""

from __future__ import annotations

from dataclasses import dataclass

from .conditions import Condition, Constraints, Down, Drift, NoData, Quality, Safeguards, Threshold

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Default:
    """One rule before it belongs to a deployment."""

    key: str
    name: str
    condition: Condition
    severity: str
    hold_seconds: int
    recover_seconds: int


DEFAULTS = (
    Default("down", "Endpoint is down", Down(), "critical", MINUTE, MINUTE),
    Default(
        "errors",
        "Calls fail",
        Threshold(signal="error_rate", threshold=0.05, recover_threshold=0.02),
        "critical",
        2 * MINUTE,
        5 * MINUTE,
    ),
    Default(
        "latency",
        "Calls are slow",
        Threshold(signal="p95_ms", threshold=1000, recover_threshold=800, window_minutes=10),
        "warning",
        5 * MINUTE,
        10 * MINUTE,
    ),
    Default("traffic", "No calls arrive", NoData(), "warning", 0, 0),
    Default(
        "schema",
        "Calls do not fit the schema",
        Threshold(signal="refused_rate", threshold=0.2, recover_threshold=0.1, window_minutes=10),
        "warning",
        5 * MINUTE,
        10 * MINUTE,
    ),
    Default("missing", "Values are missing", Drift(of="missing"), "warning", 0, HOUR),
    Default("constraints", "Values break constraints", Constraints(), "warning", 0, HOUR),
    Default("safeguards", "Safeguards hold", Safeguards(), "warning", 0, HOUR),
    Default("drift", "Inputs have drifted", Drift(of="inputs"), "warning", 0, HOUR),
    Default("joint", "Inputs have drifted together", Drift(of="joint"), "warning", 0, HOUR),
    Default("prediction", "Predictions have drifted", Drift(of="prediction"), "warning", 0, HOUR),
    Default("quality", "Predictions got worse", Quality(), "critical", 0, 0),
)
KEYS = tuple(default.key for default in DEFAULTS)
