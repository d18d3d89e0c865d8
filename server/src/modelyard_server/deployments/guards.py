"""Whether a new revision does worse than the old one. Pure: counts in, a sentence out."""

from __future__ import annotations

from .ports import Measured
from .schemas import Guards

FEW_FOR_LATENCY = 50
LATENCY_SLACK_MS = 20.0
WORSE_THAN_BEFORE = 2.0
SILENT_SECONDS = 10.0
FEW_FOR_SILENCE = 3
"""Calls: fewer that wait may each be a large one."""


def breach(guards: Guards | None, new: Measured, old: Measured) -> str | None:
    """Give the first reason to go back, or `None`."""
    if guards is None:
        return None
    checks = [
        _crashed(new),
        _silent(guards, new, old),
        _failing(guards, new, old),
        _slow(guards, new, old),
        _refusing(guards, new, old),
        _drifting(guards, new, old),
    ]
    return next((reason for reason in checks if reason is not None), None)


def _crashed(new: Measured) -> str | None:
    return f"Its model server crashed: {new.crash}" if new.crash else None


def _silent(guards: Guards, new: Measured, old: Measured) -> str | None:
    """Know a model that hangs by those who wait: their calls fail only when their time is over."""
    usual = (old.p95_ms or 0.0) / 1000 * guards.latency_factor
    allowed = max(SILENT_SECONDS, usual, old.silent_seconds * WORSE_THAN_BEFORE)
    if new.silent_calls < FEW_FOR_SILENCE or new.silent_seconds <= allowed:
        return None
    return (
        f"Its model server has answered nobody for {new.silent_seconds:.0f} s while "
        f"{new.silent_calls} calls wait; allowed are {allowed:.0f} s."
    )


def _failing(guards: Guards, new: Measured, old: Measured) -> str | None:
    rate, before = _share(new.errors_5xx, new), _share(old.errors_5xx, old)
    if new.requests < guards.min_requests or rate <= guards.error_rate:
        return None
    if rate <= before * WORSE_THAN_BEFORE:
        return None
    return (
        f"{rate:.1%} of its {new.requests} calls failed (5xx); allowed are "
        f"{guards.error_rate:.1%}, the old revision had {before:.1%}."
    )


def _slow(guards: Guards, new: Measured, old: Measured) -> str | None:
    if min(new.requests, old.requests) < max(FEW_FOR_LATENCY, guards.min_requests):
        return None
    if new.p95_ms is None or old.p95_ms is None:
        return None
    allowed = max(old.p95_ms * guards.latency_factor, old.p95_ms + LATENCY_SLACK_MS)
    if new.p95_ms <= allowed:
        return None
    return (
        f"Its p95 latency is {new.p95_ms:.1f} ms; the old revision's is {old.p95_ms:.1f} ms, "
        f"allowed are {allowed:.1f} ms."
    )


def _refusing(guards: Guards, new: Measured, old: Measured) -> str | None:
    rate, before = _share(new.errors_4xx, new), _share(old.errors_4xx, old)
    if new.requests < guards.min_requests or rate <= guards.schema_error_rate:
        return None
    if rate <= before * WORSE_THAN_BEFORE:
        return None
    return (
        f"{rate:.1%} of its {new.requests} calls were refused as wrong input (4xx); allowed are "
        f"{guards.schema_error_rate:.1%}, the old revision had {before:.1%}."
    )


def _drifting(guards: Guards, new: Measured, old: Measured) -> str | None:
    """Callers who send other rows than training had move the old revision's predictions as well."""
    if not guards.drift or not new.drift:
        return None
    if new.drift_score <= old.drift_score * WORSE_THAN_BEFORE:
        return None
    return f"Its predictions drift, those of the old revision do not as much: {new.drift}"


def _share(part: int, whole: Measured) -> float:
    return part / whole.requests if whole.requests else 0.0
