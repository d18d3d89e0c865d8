"""Strict limits: so many calls of one person in any minute, however they are spread.

In this process, or together with others in Redis; while that does not answer, each by itself.
"""

from __future__ import annotations

import math
import time
from typing import Any

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from .errors import TooManyRequests

log = structlog.get_logger("modelyard.throttling")
_PATIENCE_SECONDS = 0.1  # with Redis


class Windows:
    """Moving windows of a minute."""

    def __init__(self, redis_url: str = "") -> None:
        storages: list[MemoryStorage | RedisStorage] = [MemoryStorage()]
        if redis_url:
            patience: dict[str, Any] = dict.fromkeys(
                ("socket_timeout", "socket_connect_timeout"), _PATIENCE_SECONDS
            )
            storages.insert(0, RedisStorage(redis_url, wrap_exceptions=True, **patience))
        self._limiters = [MovingWindowRateLimiter(one) for one in storages]

    def hit(self, kind: str, key: str, per_minute: int) -> dict[str, str]:
        """Count a call; give what is left as `RateLimit` header fields.

        Raises:
            TooManyRequests: it is one too many; says when the next one may come.
        """
        for limiter in self._limiters[:-1]:
            try:
                return _hit(limiter, kind, key, per_minute)
            except StorageError as error:
                log.warning("redis_unreachable", error=str(error.storage_error)[:200])
        return _hit(self._limiters[-1], kind, key, per_minute)


def _hit(limiter: MovingWindowRateLimiter, kind: str, key: str, per_minute: int) -> dict[str, str]:
    item = RateLimitItemPerMinute(per_minute)
    is_let_in = limiter.hit(item, kind, key)
    stats = limiter.get_window_stats(item, kind, key)
    wait = max(1, math.ceil(stats.reset_time - time.time()))
    facts = {
        "RateLimit-Limit": str(per_minute),
        "RateLimit-Remaining": str(stats.remaining if is_let_in else 0),
        "RateLimit-Reset": str(wait),
        "RateLimit-Policy": f"{per_minute};w=60",
    }
    if not is_let_in:
        raise TooManyRequests(
            f"More than {per_minute} requests a minute. Try again in {wait} seconds.",
            retry_after_seconds=wait,
            limit_facts=facts,
        )
    return facts
