"""Distances and tests between two vectors of counts on the same bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelyard_server.kernel.lazily import lazily

from .grid import Floats, Ints

if TYPE_CHECKING:
    import numpy as np
    from scipy import special, stats
else:
    np = lazily("numpy")
    special = lazily("scipy.special")
    stats = lazily("scipy.stats")


COARSE_BINS = 10
LEAST_EXPECTED = 5.0  # Cochran's rule for the chi-squared approximation
RARE_SHARE = 0.01  # categories below this share of the reference are compared as one


def psi(reference: Ints, current: Ints) -> float:
    """Give the population stability index; with an empty bin, half a row is added to each.

    Source: symmetric Kullback-Leibler divergence (Jeffreys 1946), in nats.
    """
    p, q = _shares(reference, current), _shares(current, reference)
    return float(((q - p) * np.log(q / p)).sum())


def psi_noise(bins: int, n_reference: int, n_current: int) -> float:
    """Give the PSI two samples of one distribution have on average: (B-1)(1/n + 1/m)."""
    return (bins - 1) * (1 / n_reference + 1 / n_current)


def js_distance(reference: Ints, current: Ints) -> tuple[float, float, float]:
    """Give the Jensen-Shannon distance, the same net of its sampling noise, and the noise alone.

    All are square roots of divergences in bits, between 0 and 1. Source: Lin 1991; the mean of
    the divergence under equality is (B-1)(1/n + 1/m) / (8 ln 2).
    """
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / (
        2 * math.log(2)
    )
    used = int((middle > 0).sum())
    noise = psi_noise(used, int(reference.sum()), int(current.sum())) / (8 * math.log(2))
    raw = max(0.0, float(divergence))
    return math.sqrt(raw), math.sqrt(max(0.0, raw - noise)), math.sqrt(noise)


def wasserstein(places: Floats, reference: Ints, current: Ints) -> float:
    """Give the earth mover's distance between counts at ascending places.

    Units: those of the column. Source: area between the cumulated shares (Vallender 1974).
    """
    p = np.cumsum(reference) / reference.sum()
    q = np.cumsum(current) / current.sum()
    return float((np.abs(p - q)[:-1] * np.diff(places)).sum())


def ks(reference: Ints, current: Ints) -> tuple[float, float]:
    """Give the two-sample Kolmogorov-Smirnov distance at the bin edges, and its p-value.

    The distance is at most the one of the raw samples, so the test errs towards no alarm.
    Source: Kolmogorov (1933), two-sample form of Smirnov (1939); exact for one sample of the
    effective size nm/(n+m), as SciPy's `ks_2samp(method="asymp")`.
    """
    n, m = float(reference.sum()), float(current.sum())
    distance = float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())
    return distance, float(stats.kstwo.sf(distance, max(1.0, round(n * m / (n + m)))))


def chi_squared(reference: Ints, current: Ints) -> tuple[float, float]:
    """Give statistic and p-value of homogeneity; 0 and 1 when everything is in one bin.

    Source: Pearson 1900; no continuity correction.
    """
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, float(special.chdtrc(table.shape[1] - 1, statistic))


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


def groups_with_masses(reference: Ints, masses: Sequence[int]) -> Ints:
    """Assign fine bins to at most ten groups, and each mass point to a group of its own."""
    rest = reference.copy()
    rest[list(masses)] = 0
    groups = equal_mass_groups(rest)
    groups = groups + np.searchsorted(np.array(masses), np.arange(len(reference))) * len(groups)
    groups[list(masses)] = -1 - np.arange(len(masses))
    return _renumbered(groups)


def sound_groups(reference: Ints, current: Ints, rare_share: float = 0.0) -> Ints:
    """Pool the rarest bins into one group until the chi-squared approximation holds for all.

    Bins with less than `rare_share` of the reference are pooled too.
    """
    together = reference + current
    smaller = min(reference.sum(), current.sum()) / max(1, together.sum())
    rare = (together * smaller < LEAST_EXPECTED) | (reference < rare_share * reference.sum())
    group = np.arange(len(reference))
    if rare.any():
        group[rare] = int(np.flatnonzero(rare)[0])
        if together[rare].sum() * smaller < LEAST_EXPECTED and not rare.all():
            common = np.flatnonzero(~rare)  # what is left over joins the smallest sound bin
            group[rare] = int(common[np.argmin(together[common])])
    return _renumbered(group)


def pooled(counts: Ints, groups: Ints) -> Ints:
    """Add up bins per group."""
    return np.bincount(groups, weights=counts, minlength=int(groups.max()) + 1).astype(np.int64)


def _renumbered(groups: Ints) -> Ints:
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def _shares(counts: Ints, other: Ints) -> Floats:
    added = 0.0 if counts.all() and other.all() else 0.5
    shares: Floats = (counts + added) / (counts.sum() + added * len(counts))
    return shares
