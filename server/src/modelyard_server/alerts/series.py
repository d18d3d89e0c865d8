"""Stored counts as prefix sums: any window is a difference of two rows."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from modelyard_protocol.records import bucket_latency_us
from modelyard_server.kernel.lazily import lazily

from .conditions import Signal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
else:
    np = lazily("numpy")


Ints: TypeAlias = "npt.NDArray[np.int64]"
_SHARES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Calls of one stored stretch: start in epoch seconds, counts, latency buckets."""

    at: int
    requests: int
    errors_4xx: int
    errors_5xx: int
    latency: dict[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """Calls between two instants."""

    seconds: int
    requests: int
    errors_4xx: int
    errors_5xx: int
    buckets: Sequence[int]
    latency: Ints

    def value(self, signal: Signal) -> float | None:
        """Give a signal; `None` where nothing can be said. Rates are shares from 0 to 1."""
        if signal == "requests_per_minute":
            return self.requests / (self.seconds / 60)
        if signal in _SHARES:
            return self._percentile_ms(_SHARES[signal])
        if not self.requests:
            return None
        part = self.errors_5xx if signal == "error_rate" else self.errors_4xx
        return part / self.requests

    def slower_than(self, limit_ms: float) -> int:
        """Count calls that took longer; exact to the 2 % of a bucket."""
        return int(
            sum(
                count
                for bucket, count in zip(self.buckets, self.latency.tolist(), strict=True)
                if bucket_latency_us(bucket) / 1000 > limit_ms
            )
        )

    def _percentile_ms(self, share: float) -> float | None:
        total = int(self.latency.sum())
        if not total:
            return None
        reached = np.cumsum(self.latency)
        index = int(np.searchsorted(reached, share * total))
        return round(bucket_latency_us(self.buckets[min(index, len(reached) - 1)]) / 1000, 3)


@dataclass(slots=True)
class Layer:
    """Stretches of one length, oldest first."""

    step: int
    starts: list[int] = field(default_factory=list)
    buckets: list[int] = field(default_factory=list)
    counts: Ints = field(default_factory=lambda: np.zeros((1, 3), np.int64))
    latency: Ints = field(default_factory=lambda: np.zeros((1, 0), np.int64))

    @classmethod
    def of(cls, step: int, stretches: Iterable[Stretch]) -> Layer:
        """Add up what starts at the same time, and make prefix sums."""
        merged: dict[int, Stretch] = {}
        for one in stretches:
            held = merged.get(one.at)
            merged[one.at] = one if held is None else _sum(held, one)
        starts = sorted(merged)
        buckets = sorted({bucket for one in merged.values() for bucket in one.latency})
        place = {bucket: at for at, bucket in enumerate(buckets)}
        counts = np.zeros((len(starts) + 1, 3), np.int64)
        latency = np.zeros((len(starts) + 1, len(buckets)), np.int64)
        for row, at in enumerate(starts, 1):
            one = merged[at]
            counts[row] = (one.requests, one.errors_4xx, one.errors_5xx)
            for bucket, calls in one.latency.items():
                latency[row, place[bucket]] = calls
        return cls(step, starts, buckets, counts.cumsum(axis=0), latency.cumsum(axis=0))

    def between(self, since: int, until: int) -> Window:
        """Give the calls of stretches that start in a half-open window."""
        first, last = bisect.bisect_left(self.starts, since), bisect.bisect_left(self.starts, until)
        requests, errors_4xx, errors_5xx = (self.counts[last] - self.counts[first]).tolist()
        return Window(
            until - since,
            requests,
            errors_4xx,
            errors_5xx,
            self.buckets,
            self.latency[last] - self.latency[first],
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """A layer that is read when it is first needed: how far back it reaches, and how to read it."""

    since: int
    load: Callable[[], Layer]


@dataclass(slots=True)
class Series:
    """What is known about the calls of one deployment; layers from fine to coarse."""

    layers: tuple[Stored, ...]
    _read: dict[int, Layer] = field(default_factory=dict)

    def between(self, since: int, until: int) -> Window:
        """Give the calls of a window, from the finest stored stretches that reach back so far.

        Both ends move outwards to whole stretches; the window says how long it became.
        """
        last = len(self.layers) - 1
        at = next((n for n, one in enumerate(self.layers) if one.since <= since), last)
        if at not in self._read:
            self._read[at] = self.layers[at].load()
        layer = self._read[at]
        step = layer.step
        return layer.between(since // step * step, -(-until // step) * step)

    def before(self, now: int, minutes: int, *, ago: int = 0) -> Window:
        """Give the calls of a window that ended so many seconds ago."""
        return self.between(now - ago - minutes * 60, now - ago)


def _sum(left: Stretch, right: Stretch) -> Stretch:
    latency = dict(left.latency)
    for bucket, calls in right.latency.items():
        latency[bucket] = latency.get(bucket, 0) + calls
    return Stretch(
        left.at,
        left.requests + right.requests,
        left.errors_4xx + right.errors_4xx,
        left.errors_5xx + right.errors_5xx,
        latency,
    )
