"""Health as sentences."""

from dataclasses import replace

import pytest

from modelyard_server.monitoring.health import Facts, judge

WELL = Facts(
    status="ready",
    status_reason=None,
    is_serving=True,
    range="24h",
    requests=1000,
    errors_4xx=0,
    errors_5xx=0,
    p95_ms=12.0,
    drift="ok",
    drift_reason="",
)


@pytest.mark.parametrize(
    ("changed", "health", "first"),
    [
        ({}, "healthy", "Answers without faults."),
        ({"requests": 0}, "healthy", "Ready; no calls in the last 24h."),
        ({"errors_5xx": 60}, "failing", "6.0% of the calls failed (5xx) in the last 24h."),
        ({"errors_5xx": 20}, "degraded", "2.0% of the calls failed (5xx) in the last 24h."),
        ({"errors_5xx": 3, "requests": 10}, "healthy", "Answers without faults."),
        ({"errors_4xx": 300}, "degraded", "30% of the calls were refused as wrong (4xx)."),
        ({"drift": "drifting", "drift_reason": "age moved."}, "degraded", "Drift: age moved."),
        ({"p95_ms": 2300.0}, "degraded", "Slow: 5 % of the calls took longer than 2.3 s."),
        ({"status": "failed", "status_reason": "Out of memory."}, "failing", "Out of memory."),
        ({"status": "building"}, "healthy", "Answers without faults."),
        (
            {"status": "building", "is_serving": False},
            "deploying",
            "Its first revision is being rolled out.",
        ),
        ({"status": "stopped"}, "stopped", "Stopped: it answers no calls."),
    ],
)
def test_health_names_its_worst_reason_first(changed: dict[str, object], health: str, first: str):
    found, reasons = judge(replace(WELL, **changed))  # type: ignore[arg-type]
    assert (found, reasons[0]) == (health, first)
