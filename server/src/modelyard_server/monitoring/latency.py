"""Latency percentiles from log-scale counts: mergeable by addition, 2 % relative error."""

from __future__ import annotations

from collections.abc import Mapping

from modelyard_protocol.records import bucket_latency_us

Counts = dict[int, int]
"""Bucket index of `modelyard_protocol.records.latency_bucket` → number of calls."""


def merge(left: Mapping[int, int], right: Mapping[int, int]) -> Counts:
    """Add two histograms."""
    result = dict(left)
    for bucket, count in right.items():
        result[bucket] = result.get(bucket, 0) + count
    return result


def percentile_ms(counts: Mapping[int, int], share: float) -> float | None:
    """Give the latency that `share` of the calls do not exceed, or `None` without calls.

    Units: milliseconds.
    """
    total = sum(counts.values())
    if total <= 0:
        return None
    wanted, seen = share * total, 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= wanted:
            return round(bucket_latency_us(bucket) / 1000, 3)
    return None
