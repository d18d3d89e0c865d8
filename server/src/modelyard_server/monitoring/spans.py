"""Stretches of time that questions are asked over."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from .delta import COARSE, DAY, FINE, HOUR


@dataclass(frozen=True, slots=True)
class Span:
    """A range with the step of its points and the stored resolution that answers it."""

    length_seconds: int
    step_seconds: int
    resolution: int

    @property
    def steps(self) -> int:
        """Number of points."""
        return self.length_seconds // self.step_seconds


TRAFFIC = {
    "15m": Span(900, 15, FINE),
    "1h": Span(3600, 60, FINE),
    "24h": Span(DAY, 1200, COARSE),
    "7d": Span(7 * DAY, 7200, HOUR),
}
SERIES = {
    "1h": Span(3600, 60, FINE),
    "24h": Span(DAY, 1200, COARSE),
    "7d": Span(7 * DAY, 7200, HOUR),
    "30d": Span(30 * DAY, 6 * HOUR, HOUR),
    "90d": Span(90 * DAY, DAY, DAY),
    "1y": Span(364 * DAY, 4 * DAY, DAY),
}
VERDICTS = {
    "1h": Span(2 * HOUR, HOUR, HOUR),
    "24h": Span(DAY, HOUR, HOUR),
    "7d": Span(7 * DAY, 6 * HOUR, HOUR),
    "30d": Span(30 * DAY, DAY, HOUR),
    "90d": Span(90 * DAY, DAY, HOUR),
    "1y": Span(364 * DAY, 4 * DAY, HOUR),
}
FLEET = {
    "1h": Span(3600, 300, COARSE),
    "24h": Span(DAY, HOUR, HOUR),
    "7d": Span(7 * DAY, DAY, DAY),
    "30d": Span(30 * DAY, DAY, DAY),
}
"""The coarsest counts that answer: a fleet has hundreds of deployments."""
DRIFT = {
    "1h": Span(3600, 180, 60),
    "24h": Span(DAY, 3600, 300),
    "7d": Span(7 * DAY, 6 * 3600, HOUR),
}
WIDER: dict[str, tuple[Literal["24h", "7d"], ...]] = {"1h": ("24h", "7d"), "24h": ("7d",), "7d": ()}
"""Where a window with too few rows is looked for, in order."""
QUALITY = {
    "24h": Span(DAY, HOUR, HOUR),
    "7d": Span(7 * DAY, DAY, HOUR),
    "30d": Span(30 * DAY, DAY, HOUR),
    "90d": Span(90 * DAY, DAY, HOUR),
}


def bounds(span: Span, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Give start and end on whole steps, so that the running step is the last point."""
    end = -(-int(now.timestamp()) // span.step_seconds) * span.step_seconds
    if end == int(now.timestamp()):
        end += span.step_seconds
    until = dt.datetime.fromtimestamp(end, dt.UTC)
    return until - dt.timedelta(seconds=span.length_seconds), until
