"""What keys with limits have left: so many calls a minute, and so many a month."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Mapping

from modelyard_protocol.routing import Key

from .refusals import Refusal


def month_of(now: float) -> str:
    """Name the month of an instant, in UTC."""
    return time.strftime("%Y-%m", time.gmtime(now))


def ends_in(now: float) -> int:
    """Give the seconds until the next month begins."""
    at = time.gmtime(now)
    days = calendar.monthrange(at.tm_year, at.tm_mon)[1]
    next_month = calendar.timegm((at.tm_year, at.tm_mon, days, 0, 0, 0)) + 86_400
    return max(1, int(next_month - now))


class Month:
    """Calls of one month by key; counts anew when another one begins."""

    def __init__(self) -> None:
        self.name = ""
        self.calls: dict[str, int] = {}

    def turn(self, now: float) -> None:
        """Begin another month when it has begun."""
        name = month_of(now)
        if name != self.name:
            self.name, self.calls = name, {}

    def add(self, spent: Mapping[str, int], now: float) -> None:
        """Count calls of this month."""
        self.turn(now)
        for key_id, more in spent.items():
            self.calls[key_id] = self.calls.get(key_id, 0) + more


class Allowance:
    """Counts a key's requests in the running minute and month; outlives changes of the table."""

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        """Begin to count; `on_first` is called when there is something to tell the others."""
        self._on_first = on_first
        self._counts: dict[str, tuple[int, int]] = {}
        self._untold: dict[str, int] = {}
        self._month = Month()

    def untold(self) -> dict[str, int]:
        """Give what was spent here since the last time it was asked, by key."""
        told, self._untold = self._untold, {}
        return told

    def add(self, spent: dict[str, int], now: float | None = None) -> None:
        """Count what the other workers of this node let in."""
        now = time.time() if now is None else now
        minute = int(now // 60)
        for key_id, more in spent.items():
            since, count = self._counts.get(key_id, (minute, 0))
            self._counts[key_id] = (minute, (count if since == minute else 0) + more)
        self._month.add(spent, now)

    def resume(self, month: str, calls: dict[str, int], now: float | None = None) -> None:
        """Go on where the node is: this worker has just started."""
        now = time.time() if now is None else now
        if month == month_of(now):
            self._month.add(calls, now)

    def spend(self, key: Key, now: float | None = None) -> None:
        """Count one request.

        Raises:
            Refusal: 429, the key has none left this minute or this month.
        """
        if key.requests_per_minute is None and key.requests_per_month is None:
            return
        now = time.time() if now is None else now
        if key.requests_per_month is not None:
            self._month.turn(now)
            if self._month.calls.get(key.id, 0) >= key.requests_per_month:
                detail = f"This key may send {key.requests_per_month} requests a month (UTC)."
                raise Refusal(429, "inference.quota_used", detail, retry_after=ends_in(now))
        minute = int(now // 60)
        since, count = self._counts.get(key.id, (minute, 0))
        if since != minute:
            count = 0
        if key.requests_per_minute is not None and count >= key.requests_per_minute:
            detail = f"This key may send {key.requests_per_minute} requests a minute."
            wait = max(1, int(60 - now % 60))
            raise Refusal(429, "inference.rate_limited", detail, retry_after=wait)
        self._counts[key.id] = (minute, count + 1)
        if not self._untold:
            self._on_first()
        self._untold[key.id] = self._untold.get(key.id, 0) + 1
        if key.requests_per_month is not None:
            self._month.calls[key.id] = self._month.calls.get(key.id, 0) + 1
