"""Does a condition hold? Stored counts in, one reading out; the same for now and for any past."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import assert_never

from .conditions import Anomaly, BurnRate, Change, Direction, NoData, Signal, Threshold
from .series import Series, Window
from .states import Seen

DAY, WEEK = 86_400, 7 * 86_400
LEAST_DAYS, MOST_DAYS = 7, 28  # of one hour of day, for a band
BURNS = ((14.4, 60, 5), (6.0, 360, 30), (1.0, 3 * 24 * 60, 360))
"""Burn rate, long and short window in minutes (Google SRE workbook, chapter 5)."""
LEAST_SHORT = 100  # requests in the short window; below, a burn rate says nothing
CALM = 0.9  # of a limit: below it a condition without an own recovery threshold is clear
_SIGMA = 1.4826  # MAD of a normal distribution to its standard deviation
_RATES = frozenset({"error_rate", "refused_rate"})
_NAMES: dict[str, str] = {
    "error_rate": "failed calls",
    "refused_rate": "refused calls",
    "p50_ms": "median latency",
    "p95_ms": "p95 latency",
    "p99_ms": "p99 latency",
    "requests_per_minute": "calls per minute",
}
Counts = Threshold | Change | Anomaly | NoData | BurnRate


@dataclass(frozen=True, slots=True)
class Reading:
    """One evaluation: the value, the limit it is held to, and the sentence for people."""

    seen: Seen
    value: float | None
    limit: float | None
    n: int
    text: str
    items: tuple[str, ...] = ()
    """What the sentence counts, the most important first."""


def unknown(text: str, n: int = 0) -> Reading:
    """Give the reading of a condition that cannot be judged."""
    return Reading(Seen(is_known=False, is_breach=False, is_clear=False), None, None, n, text)


def read(condition: Counts, series: Series, now: int) -> Reading:
    """Judge a condition on stored counts at an instant (epoch seconds)."""
    match condition:
        case Threshold():
            return _threshold(condition, series, now)
        case Change():
            return _change(condition, series, now)
        case Anomaly():
            return _anomaly(condition, series, now)
        case NoData():
            return _no_data(condition, series, now)
        case BurnRate():
            return _burn_rate(condition, series, now)
        case _:
            assert_never(condition)


def _threshold(condition: Threshold, series: Series, now: int) -> Reading:
    window = series.before(now, condition.window_minutes)
    value = _said(window, condition.signal, condition.least_requests)
    if value is None:
        return unknown(_too_few(window, condition.least_requests), window.requests)
    clear_at = condition.recover_threshold
    if clear_at is None:
        clear_at = condition.threshold
    return _judged(
        condition.signal,
        condition.direction,
        value,
        condition.threshold,
        clear_at,
        window,
        f"over {_minutes(condition.window_minutes)}",
    )


def _change(condition: Change, series: Series, now: int) -> Reading:
    window = series.before(now, condition.window_minutes)
    value = _said(window, condition.signal, condition.least_requests)
    before, name = _before(condition, series, now)
    usual = _said(before, condition.signal, condition.least_requests)
    if value is None or not usual:
        return unknown(f"Too few calls to compare with {name}.", window.requests)
    limit, clear = changed(condition, usual)
    return _judged(condition.signal, condition.direction, value, limit, clear, window, f"vs {name}")


def _before(condition: Change, series: Series, now: int) -> tuple[Window, str]:
    minutes = condition.window_minutes
    match condition.against:
        case "previous":
            return series.before(now, minutes, ago=minutes * 60), "the window before"
        case "last_week":
            return series.before(now, minutes, ago=WEEK), "the same time last week"
        case "baseline":
            end = now - minutes * 60
            return series.between(end - WEEK, end), "the last seven days"


def _anomaly(condition: Anomaly, series: Series, now: int) -> Reading:
    window = series.before(now, 60)
    value = _said(window, condition.signal, condition.least_requests)
    if value is None:
        return unknown(_too_few(window, condition.least_requests), window.requests)
    found = band(condition, series, now)
    if found is None:
        return unknown(f"Fewer than {LEAST_DAYS} earlier days to learn from.", window.requests)
    low, high = found
    above = condition.direction in {"above", "both"} and value > high
    below = condition.direction in {"below", "both"} and value < low
    words = f"usually {_shown(condition.signal, low)} to {_shown(condition.signal, high)} here"
    return Reading(
        Seen(is_known=True, is_breach=above or below, is_clear=not (above or below)),
        value,
        low if below else high,
        window.requests,
        f"{_capital(condition.signal)} {_shown(condition.signal, value)}, {words}.",
    )


def band(condition: Anomaly, series: Series, now: int) -> tuple[float, float] | None:
    """Give the band of this time of day, learned from earlier days; `None` with too few of them."""
    values = [
        found
        for day in range(1, MOST_DAYS + 1)
        if (
            found := _said(
                series.before(now, 60, ago=day * DAY), condition.signal, condition.least_requests
            )
        )
        is not None
    ]
    if len(values) < LEAST_DAYS:
        return None
    middle = statistics.median(values)
    spread = statistics.median(abs(value - middle) for value in values) * _SIGMA
    floor = 0.01 if condition.signal in _RATES else 0.1 * middle
    half = condition.deviations * max(spread, floor / condition.deviations)
    return max(0.0, middle - half), middle + half


def _no_data(condition: NoData, series: Series, now: int) -> Reading:
    minutes = condition.window_minutes
    window = series.before(now, minutes)
    if window.requests:
        text = f"{window.requests} calls in {_minutes(minutes)}."
        return Reading(_seen(breach=False), float(window.requests), 1.0, window.requests, text)
    expected = _expected(condition, series, now)
    if expected < condition.usual_requests:
        return unknown(f"No calls in {_minutes(minutes)}, and few are usual now.")
    text = f"No calls in {_minutes(minutes)}; about {expected:.0f} are usual."
    return Reading(_seen(breach=True), 0.0, 1.0, 0, text)


def _expected(condition: NoData, series: Series, now: int) -> float:
    """Give the calls that are usual in such a window: of the last day, and of this time last week.

    The smaller of both, so that a quiet night is no alarm; without calls last week, the last day's.
    """
    minutes, start = condition.window_minutes, now - condition.window_minutes * 60
    day = _per_minute(series.between(start - DAY, start)) * minutes
    if not series.between(now - WEEK - DAY, now - WEEK + DAY).requests:
        return day
    return min(day, _per_minute(series.before(now, minutes, ago=WEEK)) * minutes)


def _per_minute(window: Window) -> float:
    return window.requests / (window.seconds / 60)


def _burn_rate(condition: BurnRate, series: Series, now: int) -> Reading:
    budget = 1 - condition.objective
    worst: tuple[float, float, int] | None = None
    breach, known, n = False, False, 0
    for factor, long, short in BURNS:
        recent = series.before(now, short)
        if recent.requests < LEAST_SHORT:
            continue
        known, n = True, max(n, recent.requests)
        rates = [_bad(w, condition) / budget for w in (series.before(now, long), recent)]
        burning = min(rates)
        if worst is None or burning / factor > worst[0] / worst[1]:
            worst = (burning, factor, long)
        breach = breach or burning >= factor
    if not known or worst is None:
        return unknown(f"Fewer than {LEAST_SHORT} calls to judge the objective on.")
    text = (
        f"The error budget of {condition.objective:.2%} burns {worst[0]:.1f} times too fast "
        f"over {_minutes(worst[2])}."
    )
    return Reading(_seen(breach=breach), worst[0], worst[1], n, text)


def _bad(window: Window, condition: BurnRate) -> float:
    if not window.requests:
        return 0.0
    bad = window.errors_5xx
    if condition.slow_ms is not None:
        bad = min(window.requests, bad + window.slower_than(condition.slow_ms))
    return bad / window.requests


def _judged(
    signal: Signal,
    direction: Direction,
    value: float,
    limit: float,
    clear_at: float,
    window: Window,
    where: str,
) -> Reading:
    text = (
        f"{_capital(signal)} {_shown(signal, value)} {where}; "
        f"the limit is {direction} {_shown(signal, limit)}."
    )
    return held_to(direction, value, limit, clear_at, window.requests, text)


def held_to(
    direction: Direction, value: float, limit: float, clear_at: float, n: int, text: str
) -> Reading:
    """Hold a value to a limit; between the limit and `clear_at` nothing changes."""
    up = direction == "above"
    breach = value > limit if up else value < limit
    clear = not breach and (value <= clear_at if up else value >= clear_at)
    return Reading(Seen(True, breach, clear), value, limit, n, text)


def changed(condition: Change, usual: float) -> tuple[float, float]:
    """Give the limit of a change against what is usual, and where it is clear again."""
    part = condition.percent / 100
    if condition.direction == "above":
        return usual * (1 + part), usual * (1 + part * CALM)
    return usual * max(0.0, 1 - part), usual * max(0.0, 1 - part * CALM)


def _said(window: Window, signal: Signal, least: int) -> float | None:
    if signal != "requests_per_minute" and window.requests < least:
        return None
    return window.value(signal)


def _seen(*, breach: bool) -> Seen:
    return Seen(is_known=True, is_breach=breach, is_clear=not breach)


def _too_few(window: Window, least: int) -> str:
    return f"{window.requests} calls; {least} are needed to say anything."


def _capital(signal: Signal) -> str:
    name = _NAMES[signal]
    return name[0].upper() + name[1:]


def _shown(signal: Signal, value: float) -> str:
    if signal in _RATES:
        return f"{value:.1%}"
    return f"{value:.3g}" if signal == "requests_per_minute" else f"{value:,.0f} ms"


def _minutes(minutes: int) -> str:
    if minutes % 1440 == 0 and minutes >= 2880:
        return f"{minutes // 1440} days"
    if minutes % 60 == 0 and minutes >= 60:
        return "1 hour" if minutes == 60 else f"{minutes // 60} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
