"""Have columns moved together? What no column shows alone: pairs that lost or found each other.

Three measures, each with a band that the reference and the number of rows decide:
how badly the reference's main directions rebuild a row, how each pair of columns is ranked
together, and how far the middle of each vector column is from the reference's.
Sums of hours add up to those of any window.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from modelyard_server.kernel.lazily import lazily

from . import joint_columns, statistics
from .grid import Floats
from .joint_columns import Choice, Encoded, Vector

if TYPE_CHECKING:
    import numpy as np
    from scipy import special
else:
    np = lazily("numpy")
    special = lazily("scipy.special")


LEAST_ROWS = 100  # for a verdict on a window
LEAST_REFERENCE = 100
MOST_REFERENCE = 20_000
VARIANCE = 0.65  # of the reference that the kept directions explain
WIDTH = 3.0  # standard errors
EFFECT = 0.1  # standard deviations of one row's error; below, a change does not matter
LEAST_SPREAD = 0.01  # columns that determine each other: rounding is no drift
PAIRS_OF = 60  # columns; of more the first are paired
PAIR_EFFECT = 0.2  # of a rank correlation
PAIR_SIGNIFICANCE = 0.01
DISTANCE_SIGNIFICANCE = 0.001
SHOWN = 10
FOLDS = 5
VECTOR_ROWS = 1000
VECTOR_VALUES = 2_000_000
State = Literal["ok", "drifting", "not_enough_data", "no_reference"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The vectors of one column in the reference."""

    vector: Vector
    middle: Floats
    variance: float
    """Of all elements together: the mean squared distance from the middle."""
    freedom: float
    rows: int


@dataclass(frozen=True, slots=True)
class Model:
    """What the reference looks like together."""

    columns: list[Encoded]
    components: Floats
    """Shapes: (kept directions, columns)."""
    explained: float
    error: float
    """Mean over rows the directions were not learned from."""
    spread: float
    rows: int
    pairs: Sums
    clouds: list[Cloud]
    left_out: dict[str, str]

    @property
    def paired(self) -> list[str]:
        """Name the columns whose pairs are compared."""
        return [column.name for column in self.columns[:PAIRS_OF]]


@dataclass(slots=True)
class Sums:
    """What is added up over rows; sums of two sets of rows are the sums of both.

    `pairs`: number, sum, sum of squares and sum of products of ranks where both are present,
    shapes (4, columns, columns). `middles`: number and sum of each vector column.
    """

    rows: int = 0
    error: float = 0.0
    squares: float = 0.0
    pairs: Floats | None = None
    middles: list[tuple[int, Floats]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns and how they are ranked together, Spearman's correlation."""

    first: str
    second: str
    reference: float
    current: float
    n: int
    q_value: float

    @property
    def is_drifting(self) -> bool:
        """Significant over all pairs, and large."""
        significant = self.q_value < PAIR_SIGNIFICANCE
        return significant and abs(self.current - self.reference) >= PAIR_EFFECT


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the middle of a vector column is, in standard deviations, net of noise."""

    name: str
    dimensions: int
    distance: float
    noise: float
    n: int
    p_value: float

    @property
    def is_drifting(self) -> bool:
        """Significant, and large."""
        return self.p_value < DISTANCE_SIGNIFICANCE and self.distance >= EFFECT


@dataclass(frozen=True, slots=True)
class Error:
    """The mean reconstruction error of a window with its band."""

    value: float
    expected: float
    low: float
    high: float
    effect: float
    """Difference in standard deviations of one row's error."""

    @property
    def is_out(self) -> bool:
        """Tell whether it left the band."""
        return not self.low <= self.value <= self.high


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said about a window."""

    status: State
    reason: str
    rows: int
    error: Error | None = None
    pairs: list[Pair] = field(default_factory=list)
    distances: list[Distance] = field(default_factory=list)


def fit(columns: Mapping[str, Sequence[Any]]) -> Model | str:
    """Learn from reference rows; a text says why they do not do.

    Source: reconstruction error of principal components on standardised columns, as NannyML's
    data reconstruction; shares instead of categories.
    """
    rows = max((len(values) for values in columns.values()), default=0)
    if rows < LEAST_REFERENCE:
        return f"The reference has {rows} rows; {LEAST_REFERENCE} are needed."
    step = -(-rows // MOST_REFERENCE)
    thin = {name: list(values[::step]) for name, values in columns.items()}
    rows = max(len(values) for values in thin.values())
    chosen = joint_columns.choose(thin)
    if len(chosen.columns) < 2 and not chosen.vectors:
        return "There are fewer than two columns of numbers or categories to look at together."
    return _fitted(chosen, thin, rows)


def _fitted(chosen: Choice, columns: Mapping[str, Sequence[Any]], rows: int) -> Model:
    values, _ = joint_columns.matrix(chosen.columns, columns, rows)
    scaled = joint_columns.standardised(chosen.columns, values)
    components, explained = directions(scaled)
    apart = _apart(scaled, len(components))
    model = Model(
        columns=chosen.columns,
        components=components,
        explained=explained,
        error=float(apart.mean()) if len(apart) else 0.0,
        spread=max(LEAST_SPREAD, float(apart.std(ddof=1)) if len(apart) else 0.0),
        rows=rows,
        pairs=Sums(),
        clouds=[found for v in chosen.vectors if (found := _cloud(v, columns)) is not None],
        left_out=chosen.left_out,
    )
    counted = count(model, columns)
    model.pairs.rows, model.pairs.pairs = counted.rows, counted.pairs
    return model


def directions(scaled: Floats) -> tuple[Floats, float]:
    """Give the principal components that explain `VARIANCE`, but never all; and their share."""
    width = scaled.shape[1]
    if width < 2:
        return np.empty((0, width)), 0.0
    covariance = np.cov(scaled, rowvar=False)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    shares = np.cumsum(values) / max(1e-12, float(values.sum()))
    kept = min(int(np.searchsorted(shares, VARIANCE, side="right")) + 1, width - 1)
    return vectors[:, :kept].T.copy(), float(shares[kept - 1])


def errors(scaled: Floats, components: Floats, middle: Floats | None = None) -> Floats:
    """Give how far each row is from what the components rebuild of it."""
    moved = scaled if middle is None else scaled - middle
    found: Floats = np.linalg.norm(moved - (moved @ components.T) @ components, axis=1)
    return found


def _apart(scaled: Floats, kept: int) -> Floats:
    """Give each row's error by directions learned from the other rows: what new rows will have."""
    if scaled.shape[1] < 2:
        return np.empty(0)
    fold = np.random.default_rng(0).permutation(len(scaled)) % FOLDS
    found = np.empty(len(scaled))
    for one in range(FOLDS):
        others = scaled[fold != one]
        _, vectors = np.linalg.eigh(np.cov(others, rowvar=False))
        components = vectors[:, ::-1][:, :kept].T
        found[fold == one] = errors(scaled[fold == one], components, others.mean(axis=0))
    return found


def count(model: Model, columns: Mapping[str, Sequence[Any]]) -> Sums:
    """Add up what is compared, over rows."""
    rows = max((len(values) for values in columns.values()), default=0)
    found = Sums(rows=rows)
    if len(model.columns) > 1 and rows:
        values, present = joint_columns.matrix(model.columns, columns, rows)
        wrong = errors(joint_columns.standardised(model.columns, values), model.components)
        found.error, found.squares = float(wrong.sum()), float((wrong**2).sum())
        own = model.columns[:PAIRS_OF]
        there = present[:, : len(own)].astype(np.float64)
        rank = joint_columns.ranks(own, values[:, : len(own)]) * there
        found.pairs = np.array(
            [there.T @ there, rank.T @ there, (rank**2).T @ there, rank.T @ rank]
        )
    for cloud in model.clouds:
        most = VECTOR_VALUES // cloud.vector.dimensions
        vectors = joint_columns.vectors_of(cloud.vector, columns, most)
        found.middles.append((len(vectors), vectors.sum(axis=0)))
    return found


def merged(parts: Iterable[Sums]) -> Sums:
    """Add sums up."""
    total = Sums()
    for part in parts:
        total.rows += part.rows
        total.error += part.error
        total.squares += part.squares
        if part.pairs is not None:
            total.pairs = part.pairs.copy() if total.pairs is None else total.pairs + part.pairs
        if part.middles:
            held = total.middles or [(0, np.zeros_like(own)) for _, own in part.middles]
            total.middles = [
                (n + more, own + other)
                for (n, own), (more, other) in zip(held, part.middles, strict=True)
            ]
    return total


def judge(model: Model, window: Sums) -> Judged:
    """Say whether the columns of a window moved together."""
    if window.rows < LEAST_ROWS:
        text = f"Not enough data (n = {window.rows}, needs {LEAST_ROWS})."
        return Judged("not_enough_data", text, window.rows)
    error = error_of(model, window)
    pairs = pairs_of(model, window)
    distances = distances_of(model, window)
    reason = _reason(model, window, error, pairs, distances)
    told = [*(one.is_drifting for one in pairs), *(one.is_drifting for one in distances)]
    moved = any(told) or (error is not None and error.is_out)
    return Judged("drifting" if moved else "ok", reason, window.rows, error, pairs, distances)


def error_of(model: Model, window: Sums) -> Error | None:
    """Hold the mean error against three standard errors and a tenth of a row's deviation."""
    if len(model.columns) < 2 or not window.rows:
        return None
    value = window.error / window.rows
    chance = math.sqrt(1 / window.rows + 1 / model.rows)
    half = model.spread * max(EFFECT, WIDTH * chance)
    return Error(
        value=value,
        expected=model.error,
        low=max(0.0, model.error - half),
        high=model.error + half,
        effect=(value - model.error) / model.spread,
    )


def correlations(pairs: Floats) -> Floats:
    """Give the correlation of each pair; NaN where a column does not vary."""
    n, first, square, product = pairs
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = product - first * first.T / n
        left = square - first**2 / n
        found = shared / np.sqrt(left * left.T)
    found[~np.isfinite(found)] = np.nan
    clipped: Floats = np.clip(found, -1.0, 1.0)
    return clipped


def pairs_of(model: Model, window: Sums) -> list[Pair]:
    """Compare every pair with the reference, the most changed first.

    Source: Fisher's z of rank correlations, variance (1 + r²/2)/(n - 3) (Bonett and Wright 2000).
    """
    if window.pairs is None or model.pairs.pairs is None:
        return []
    before, now = correlations(model.pairs.pairs), correlations(window.pairs)
    m, n = model.pairs.pairs[0], window.pairs[0]
    names = model.paired
    known = [
        (i, j)
        for i, j in combinations(range(len(names)), 2)
        if min(m[i, j], n[i, j]) >= LEAST_ROWS and math.isfinite(before[i, j] + now[i, j])
    ]
    p_values = [_p_value(before[at], m[at], now[at], n[at]) for at in known]
    q_values = statistics.adjusted(p_values)
    found = [
        Pair(names[i], names[j], float(before[i, j]), float(now[i, j]), int(n[i, j]), q)
        for (i, j), q in zip(known, q_values, strict=True)
    ]
    return sorted(
        found, key=lambda one: (not one.is_drifting, -abs(one.current - one.reference), one.first)
    )


def _p_value(before: float, m: float, now: float, n: float) -> float:
    left, right = (float(np.arctanh(np.clip(r, -0.999, 0.999))) for r in (before, now))
    variance = (1 + before**2 / 2) / (m - 3) + (1 + now**2 / 2) / (n - 3)
    return math.erfc(abs(left - right) / math.sqrt(2 * variance))


def _cloud(vector: Vector, columns: Mapping[str, Sequence[Any]]) -> Cloud | None:
    most = max(VECTOR_ROWS, VECTOR_VALUES // vector.dimensions)
    found = joint_columns.vectors_of(vector, columns, most)
    if len(found) < LEAST_REFERENCE:
        return None
    middle = found.mean(axis=0)
    apart = found - middle
    variance = float((apart**2).sum() / (len(found) - 1))
    if variance <= 0:
        return None
    some = apart[:: -(-len(apart) // VECTOR_ROWS)]
    m = len(some)
    # Squared sample covariance, less what m rows have by chance (Srivastava 2005).
    squared = float(((some @ some.T) ** 2).sum()) / (m - 1) ** 2 - variance**2 / m
    freedom = variance**2 / max(squared, variance**2 / vector.dimensions)
    return Cloud(vector, middle, variance, freedom, len(found))


def distances_of(model: Model, window: Sums) -> list[Distance]:
    """Compare the middle of each vector column with the reference's.

    Source: under no change the squared distance over its mean is χ²/f with f = (tr Σ)²/tr Σ²
    degrees of freedom (Box 1954, Satterthwaite's approximation).
    """
    found: list[Distance] = []
    for cloud, (n, total) in zip(model.clouds, window.middles, strict=False):
        if n < LEAST_ROWS:
            continue
        squared = float(((total / n - cloud.middle) ** 2).sum()) / cloud.variance
        noise = 1 / n + 1 / cloud.rows
        p_value = float(special.chdtrc(cloud.freedom, squared / noise * cloud.freedom))
        net = math.sqrt(max(0.0, squared - noise))
        found.append(
            Distance(cloud.vector.name, cloud.vector.dimensions, net, math.sqrt(noise), n, p_value)
        )
    return sorted(found, key=lambda one: (not one.is_drifting, -one.distance, one.name))


def _reason(
    model: Model, window: Sums, error: Error | None, pairs: list[Pair], distances: list[Distance]
) -> str:
    moved = [one for one in pairs if one.is_drifting]
    far = [one for one in distances if one.is_drifting]
    told: list[str] = []
    if error is not None and error.is_out:
        told.append(
            f"Rows are rebuilt with an error of {error.value:.3f}, outside "
            f"{error.low:.3f} to {error.high:.3f}."
        )
    if moved:
        one = moved[0]
        more = f", and {len(moved) - 1} more pairs changed" if len(moved) > 1 else ""
        told.append(
            f"The rank correlation of {one.first} and {one.second} went from "
            f"{one.reference:.2f} to {one.current:.2f}{more}."
        )
    told += [
        f"The middle of {one.name} is {one.distance:.2f} standard deviations away."
        for one in far[:3]
    ]
    if told:
        return " ".join(told)
    what = f"{len(model.columns)} columns" if len(model.columns) > 1 else "vectors"
    return f"The {what} belong together as in the baseline, judged on {window.rows:,} rows."
