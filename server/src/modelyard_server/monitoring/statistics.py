"""Distances and tests between two vectors of counts on the same bins."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from .grid import Floats, Ints

COARSE_BINS = 10
LEAST_EXPECTED = 5.0  # Cochran's rule for the chi-squared approximation


def psi(reference: Ints, current: Ints) -> float:
    """Give the population stability index, with half a row added per bin.

    Source: symmetric Kullback-Leibler divergence (Jeffreys 1946), in nats.
    """
    p, q = _shares(reference), _shares(current)
    return float(((q - p) * np.log(q / p)).sum())


def psi_noise(bins: int, n_reference: int, n_current: int) -> float:
    """Give the PSI two samples of one distribution have on average: (B-1)(1/n + 1/m)."""
    return (bins - 1) * (1 / n_reference + 1 / n_current)


def js_distance(reference: Ints, current: Ints) -> tuple[float, float]:
    """Give the Jensen-Shannon distance net of its sampling noise, and the noise alone.

    Both are square roots of divergences in bits, between 0 and 1. Source: Lin 1991; the mean of
    the divergence under equality is (B-1)(1/n + 1/m) / (8 ln 2).
    """
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / (
        2 * math.log(2)
    )
    used = int((middle > 0).sum())
    noise = psi_noise(used, int(reference.sum()), int(current.sum())) / (8 * math.log(2))
    return math.sqrt(max(0.0, float(divergence) - noise)), math.sqrt(noise)


def ks(reference: Ints, current: Ints) -> tuple[float, float]:
    """Give the two-sample Kolmogorov-Smirnov distance at the bin edges, and its p-value.

    The distance is at most the one of the raw samples, so the test errs towards no alarm.
    Source: limiting distribution of Kolmogorov (1933), two-sample form of Smirnov (1939).
    """
    n, m = reference.sum(), current.sum()
    distance = float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())
    return distance, float(special.kolmogorov(math.sqrt(n * m / (n + m)) * distance))


def chi_squared(reference: Ints, current: Ints) -> float:
    """Give the p-value of homogeneity; 1 when everything is in one bin.

    Source: Pearson 1900; no continuity correction.
    """
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return float(special.chdtrc(table.shape[1] - 1, statistic))


def two_shares(hits: int, n: int, other_hits: int, m: int) -> float:
    """Give the two-sided p-value that two shares are equal (pooled z test)."""
    if n == 0 or m == 0:
        return 1.0
    pooled = (hits + other_hits) / (n + m)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    if spread == 0:
        return 1.0
    return float(math.erfc(abs(hits / n - other_hits / m) / spread / math.sqrt(2)))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Give q-values that hold under any dependence between the tests.

    Source: Benjamini and Yekutieli 2001.
    """
    count = len(p_values)
    if not count:
        return []
    p = np.array(p_values, dtype=np.float64)
    order = np.argsort(p)
    factor = count * sum(1 / k for k in range(1, count + 1))
    raw = p[order] * factor / np.arange(1, count + 1)
    q = np.empty(count)
    q[order] = np.minimum(1.0, np.minimum.accumulate(raw[::-1])[::-1])
    return [float(value) for value in q]


def equal_mass_groups(reference: Ints, groups: int = COARSE_BINS) -> Ints:
    """Assign fine bins in order to at most `groups` groups of about equal reference mass."""
    before = np.cumsum(reference) - reference / 2
    total = max(1, int(reference.sum()))
    return _renumbered(np.minimum(groups - 1, (before / total * groups).astype(np.int64)))


def sound_groups(reference: Ints, current: Ints) -> Ints:
    """Pool the rarest bins into one group until the chi-squared approximation holds for all."""
    together = reference + current
    smaller = min(reference.sum(), current.sum()) / max(1, together.sum())
    rare = together * smaller < LEAST_EXPECTED
    group = np.arange(len(reference))
    if rare.any():
        group[rare] = int(np.flatnonzero(rare)[0])
    return _renumbered(group)


def pooled(counts: Ints, groups: Ints) -> Ints:
    """Add up bins per group."""
    return np.bincount(groups, weights=counts, minlength=int(groups.max()) + 1).astype(np.int64)


def _renumbered(groups: Ints) -> Ints:
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _shares(counts: Ints) -> Floats:
    shares: Floats = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares
