"""Token buckets: in this process, or shared through Redis with the process as reserve."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

log = structlog.get_logger("modelyard.throttling")
MOST_BUCKETS = 50_000
FORGET_SECONDS = 120
WHOLE = 0.999999  # a token, up to rounding
REST_SECONDS = 5.0  # so long Redis is not asked again after it failed
_PATIENCE_SECONDS = 0.1
_SCRIPT = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local left, ok = {}, 1
for i = 1, #KEYS do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local kept = redis.call('HMGET', KEYS[i], 't', 'at', 'b')
  local raised = math.max(0, burst - (tonumber(kept[3]) or burst))
  local tokens = math.min((tonumber(kept[1]) or burst) + raised, burst)
  left[i] = math.min(burst, tokens + (now - (tonumber(kept[2]) or now)) * rate)
  if left[i] < 0.999999 then ok = 0 end
end
local told = {tostring(ok)}
for i = 1, #KEYS do
  if ok == 1 then left[i] = left[i] - 1 end
  local size = ARGV[2 * i]
  redis.call('HSET', KEYS[i], 't', tostring(left[i]), 'at', tostring(now), 'b', size)
  redis.call('EXPIRE', KEYS[i], 120)
  told[i + 1] = tostring(left[i])
end
return told
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket's size and how fast it fills again."""

    per_minute: int
    burst: int

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.per_minute / 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One token of one bucket."""

    key: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether every bucket had a token, and the one that has the least left."""

    allowed: bool
    limit: Limit
    remaining: int
    retry_after_seconds: int


class Buckets(Protocol):
    """Takes a token from several buckets, or from none."""

    async def take(self, asks: Sequence[Ask]) -> Taken:
        """Take one token of each."""
        ...

    @property
    def is_shared(self) -> bool:
        """Other processes take from the same buckets at the moment."""
        ...


class LocalBuckets:
    """Buckets of this process."""

    is_shared = False

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, float, int]] = {}
        """Bucket to its tokens, when they were counted, and its size then."""

    async def take(self, asks: Sequence[Ask]) -> Taken:
        """Take one token of each."""
        return self.take_now(asks, time.monotonic())

    def take_now(self, asks: Sequence[Ask], now: float) -> Taken:
        """Take one token of each, at an instant in seconds."""
        if len(self._kept) > MOST_BUCKETS:
            old = [key for key, (_, at, _) in self._kept.items() if now - at > FORGET_SECONDS]
            for key in old:
                del self._kept[key]
        left = []
        for ask in asks:
            burst = ask.limit.burst
            tokens, at, size = self._kept.get(ask.key, (float(burst), now, burst))
            tokens += max(0, burst - size)  # a raised limit is there at once
            filled = min(float(burst), tokens + (now - at) * ask.limit.rate)
            left.append(filled)
        allowed = all(tokens >= WHOLE for tokens in left)
        for at_ask, ask in enumerate(asks):
            left[at_ask] -= allowed
            self._kept[ask.key] = (left[at_ask], now, ask.limit.burst)
        return taken(asks, left, allowed=allowed)


class SharedBuckets:
    """Buckets in Redis; while it does not answer, those of this process."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._script = client.register_script(_SCRIPT)
        self._reserve = LocalBuckets()
        self._rest_until = 0.0

    @property
    def is_shared(self) -> bool:
        """Redis answered the last time it was asked."""
        return time.monotonic() >= self._rest_until

    async def take(self, asks: Sequence[Ask]) -> Taken:
        """Take one token of each."""
        if not self.is_shared:
            return await self._reserve.take(asks)
        keys = [f"modelyard:limit:{ask.key}" for ask in asks]
        numbers = [n for ask in asks for n in (ask.limit.rate, ask.limit.burst)]
        try:
            told = await self._script(keys=keys, args=numbers)
        except Exception as error:  # whatever is wrong with it, requests go on
            self._rest_until = time.monotonic() + REST_SECONDS
            log.warning("redis_unreachable", error=str(error)[:200])
            return await self._reserve.take(asks)
        ok, *left = (float(value) for value in told)
        return taken(asks, left, allowed=ok == 1)


def taken(asks: Sequence[Ask], left: Sequence[float], *, allowed: bool) -> Taken:
    """Describe what is left by the bucket that has least of its size."""
    at = min(range(len(asks)), key=lambda i: left[i] / asks[i].limit.burst)
    limit = asks[at].limit
    wait = 0.0 if allowed else (1 - left[at]) / limit.rate
    seconds = 0 if allowed else max(1, math.ceil(round(wait, 6)))
    return Taken(allowed, limit, max(0, int(left[at])), seconds)


def connect(url: str) -> Buckets:
    """Give buckets in Redis when there is an address, else in this process."""
    if not url:
        return LocalBuckets()
    import redis.asyncio

    client = redis.asyncio.from_url(
        url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
    return SharedBuckets(client)
