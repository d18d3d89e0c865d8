"""What keys with limits have left: calls of a minute and a month, and tokens of a month."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

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


class Spent(NamedTuple):
    """What keys with limits used, by their ids."""

    calls: dict[str, int]
    tokens: dict[str, int]


class Month:
    """Calls and tokens of one month by key; counts anew when another one begins."""

    def __init__(self) -> None:
        self.name = ""
        self.calls: dict[str, int] = {}
        self.tokens: dict[str, int] = {}

    def turn(self, now: float) -> None:
        """Begin another month when it has begun."""
        name = month_of(now)
        if name != self.name:
            self.name, self.calls, self.tokens = name, {}, {}

    def add(self, spent: Spent, now: float) -> None:
        """Count what was used this month."""
        self.turn(now)
        _add(self.calls, spent.calls)
        _add(self.tokens, spent.tokens)


class Allowance:
    """Counts what a key used in the running minute and month; outlives changes of the table."""

    def __init__(self, on_first: Callable[[], None] = lambda: None) -> None:
        """Begin to count; `on_first` is called when there is something to tell the others."""
        self._on_first = on_first
        self._counts: dict[str, tuple[int, int]] = {}
        self._untold = Spent({}, {})
        self._month = Month()

    def untold(self) -> Spent:
        """Give what was spent here since the last time it was asked."""
        told, self._untold = self._untold, Spent({}, {})
        return told

    def add(self, spent: Spent, now: float | None = None) -> None:
        """Count what the other workers of this node let in, and what it used."""
        now = time.time() if now is None else now
        minute = int(now // 60)
        for key_id, more in spent.calls.items():
            since, count = self._counts.get(key_id, (minute, 0))
            self._counts[key_id] = (minute, (count if since == minute else 0) + more)
        self._month.add(spent, now)

    def resume(self, month: str, spent: Spent, now: float | None = None) -> None:
        """Go on where the node is: this worker has just started."""
        now = time.time() if now is None else now
        if month == month_of(now):
            self._month.add(spent, now)

    def spend(self, key: Key, now: float | None = None) -> None:
        """Count one request.

        Raises:
            Refusal: 429, the key has none left this minute or this month.
        """
        if not key.is_limited:
            return
        now = time.time() if now is None else now
        if key.requests_per_month is not None:
            self._month.turn(now)
            if self._month.calls.get(key.id, 0) >= key.requests_per_month:
                detail = f"This key may send {key.requests_per_month} requests a month (UTC)."
                raise Refusal(429, "inference.quota_used", detail, retry_after=ends_in(now))
        if self.tokens_left(key, now) == 0:
            detail = f"This key may use {key.tokens_per_month} tokens a month (UTC)."
            raise Refusal(429, "inference.tokens_used", detail, retry_after=ends_in(now))
        minute = int(now // 60)
        since, count = self._counts.get(key.id, (minute, 0))
        if since != minute:
            count = 0
        if key.requests_per_minute is not None and count >= key.requests_per_minute:
            detail = f"This key may send {key.requests_per_minute} requests a minute."
            wait = max(1, int(60 - now % 60))
            raise Refusal(429, "inference.rate_limited", detail, retry_after=wait)
        self._counts[key.id] = (minute, count + 1)
        self._note(Spent({key.id: 1}, {}))
        if key.requests_per_month is not None:
            _add(self._month.calls, {key.id: 1})

    def use(self, key: Key, tokens: int, now: float | None = None) -> None:
        """Count what a call has used, now that it is known; one that had begun may go beyond."""
        if key.tokens_per_month is None:
            return
        spent = Spent({}, {key.id: tokens})
        self._note(spent)
        self._month.add(spent, time.time() if now is None else now)

    def tokens_left(self, key: Key, now: float | None = None) -> int | None:
        """Give how many tokens a key has left this month; `None`: any number."""
        if key.tokens_per_month is None:
            return None
        self._month.turn(time.time() if now is None else now)
        return max(0, key.tokens_per_month - self._month.tokens.get(key.id, 0))

    def _note(self, spent: Spent) -> None:
        """Have the others told soon."""
        if not any(self._untold):
            self._on_first()
        _add(self._untold.calls, spent.calls)
        _add(self._untold.tokens, spent.tokens)


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for key_id, count in more.items():
        counts[key_id] = counts.get(key_id, 0) + count
