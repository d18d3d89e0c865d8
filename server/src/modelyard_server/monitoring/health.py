"""Is a deployment well? Facts in, sentences out, the worst first."""

from __future__ import annotations

from dataclasses import dataclass

from .schemas import Health

FEW_CALLS = 20  # below, a rate says nothing
FAILING_ERRORS, DEGRADED_ERRORS = 0.05, 0.01
REFUSED_CALLS = 0.2
SLOW_MS = 1000.0
DEPLOYING = frozenset({"requested", "building", "verifying", "starting"})
ORDER: tuple[Health, ...] = ("failing", "degraded", "deploying", "unknown", "healthy", "stopped")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one deployment over a range."""

    status: str
    status_reason: str | None
    is_serving: bool
    range: str
    requests: int
    errors_4xx: int
    errors_5xx: int
    p95_ms: float | None
    drift: str
    drift_reason: str
    quality: str = "ok"
    quality_reason: str = ""


def judge(facts: Facts) -> tuple[Health, list[str]]:
    """Give the health with its reasons."""
    if facts.status in {"stopped", "stopping"}:
        return "stopped", ["Stopped: it answers no calls."]
    if facts.status in DEPLOYING and not facts.is_serving:
        return "deploying", [facts.status_reason or "Its first revision is being rolled out."]
    failing = _failing(facts)
    degraded = _degraded(facts)
    if failing:
        return "failing", failing + degraded
    if degraded:
        return "degraded", degraded
    if facts.status not in {"ready", *DEPLOYING}:
        return "unknown", [facts.status_reason or f"Its status is {facts.status}."]
    if not facts.requests:
        return "healthy", [f"Ready; no calls in the last {facts.range}."]
    return "healthy", ["Answers without faults."]


def _failing(facts: Facts) -> list[str]:
    reasons: list[str] = []
    if facts.status == "failed":
        reasons.append(facts.status_reason or "The model server does not run.")
    if _rate(facts.errors_5xx, facts.requests) >= FAILING_ERRORS:
        reasons.append(_errors(facts))
    return reasons


def _degraded(facts: Facts) -> list[str]:
    reasons: list[str] = []
    if facts.status == "degraded":
        reasons.append(facts.status_reason or "The model server is being restarted.")
    if DEGRADED_ERRORS <= _rate(facts.errors_5xx, facts.requests) < FAILING_ERRORS:
        reasons.append(_errors(facts))
    if facts.drift == "drifting":
        reasons.append(f"Drift: {facts.drift_reason}")
    if facts.quality == "faulty":
        reasons.append(f"Data: {facts.quality_reason}")
    refused = _rate(facts.errors_4xx, facts.requests)
    if refused >= REFUSED_CALLS:
        reasons.append(f"{refused:.0%} of the calls were refused as wrong (4xx).")
    if facts.p95_ms is not None and facts.p95_ms >= SLOW_MS and facts.requests >= FEW_CALLS:
        reasons.append(f"Slow: 5 % of the calls took longer than {facts.p95_ms / 1000:.1f} s.")
    return reasons


def _errors(facts: Facts) -> str:
    rate = facts.errors_5xx / facts.requests
    return f"{rate:.1%} of the calls failed (5xx) in the last {facts.range}."


def _rate(part: int, whole: int) -> float:
    return part / whole if whole >= FEW_CALLS else 0.0
