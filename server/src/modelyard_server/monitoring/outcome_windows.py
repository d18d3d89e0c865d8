"""Adds up known outcomes per window: what realised quality says. Pure functions over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from modelyard_server.kernel.lazily import lazily

from . import quality, ranking, scored, scoring
from .outcome_schemas import ClassQuality, Measure, Task
from .quality import Floats, Pairs

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from numpy.typing import NDArray
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")
    pc = lazily("pyarrow.compute")


POSITIVE_FROM = 0.5
Ints: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True, slots=True)
class Summary:
    """Outcomes of one window. `off`: sum of the distances of numbers, `None` for classes."""

    n: int = 0
    covered: int = 0
    pairs: Pairs = field(default_factory=dict)
    off: float | None = None
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Windows:
    """Outcomes of a stretch of time, by the start of their window and all together."""

    task: Task
    by_start: Mapping[int, Summary]
    total: Summary
    classes: tuple[ClassQuality, ...]
    corrected: int
    median_delay: int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Outcomes as classes or as numbers; the columns that the task does not need are `None`.

    `score` is NaN where the model said none.
    """

    task: Task
    predicted: pa.Array | None
    actual: pa.Array | None
    numbers: tuple[Floats, Floats] | None
    score: Floats
    places: pa.StructArray | None = None
    """Of rankings: `ranking.places`."""
    k: int = ranking.K

    def take(self, at: Ints) -> Rows:
        """Give the chosen rows."""
        where = pa.array(at)
        numbers = None if self.numbers is None else (self.numbers[0][at], self.numbers[1][at])
        return Rows(
            self.task,
            None if self.predicted is None else self.predicted.take(where),
            None if self.actual is None else self.actual.take(where),
            numbers,
            self.score[at],
            None if self.places is None else self.places.take(where),
            self.k,
        )

    def pairs(self) -> dict[tuple[str, str], int]:
        """Count what was predicted and what really was."""
        if self.predicted is None or self.actual is None:
            return {}
        said, was = self.predicted.indices.to_numpy(), self.actual.indices.to_numpy()
        width = max(1, len(self.actual.dictionary))
        keys, counts = np.unique(said.astype(np.int64) * width + was, return_counts=True)
        left, right = self.predicted.dictionary.to_pylist(), self.actual.dictionary.to_pylist()
        return {
            (left[key // width], right[key % width]): int(count)
            for key, count in zip(keys.tolist(), counts.tolist(), strict=True)
        }

    def losses(self) -> Floats:
        """Give what each row lost: 1 for a wrong class, the distance for a number.

        A ranking lost what its NDCG lacks to 1.
        """
        if self.places is not None:
            return 1.0 - ranking.Queries(self.places, self.k).ndcg()
        if self.numbers is not None:
            return np.asarray(np.abs(self.numbers[0] - self.numbers[1]))
        assert self.predicted is not None  # noqa: S101 - classes have both
        assert self.actual is not None  # noqa: S101 - the same
        kind = pa.string()
        same = pc.equal(self.predicted.cast(kind), self.actual.cast(kind))
        return np.asarray(1.0 - same.cast(pa.float64()).to_numpy(zero_copy_only=False))

    def measures(self) -> list[Measure]:
        """Give every metric of the task."""
        if self.places is not None:
            return ranking.Queries(self.places, self.k).measures()
        if self.numbers is not None:
            return quality.regression(*self.numbers)
        pairs = self.pairs()
        found = quality.classification(pairs) if pairs else []
        known = np.isfinite(self.score)
        return found + scored.measures(self.score[known], self._hits()[known])

    def _hits(self) -> Floats:
        """Give 1 where the outcome was of the class that a score is the probability of."""
        if self.actual is None:
            return np.zeros(len(self.score))
        words = self.actual.dictionary.to_pylist()
        told = [float(scoring.is_positive(word) is True) for word in words]
        return np.asarray(np.array([*told, 0.0])[self.actual.indices.to_numpy()])


def read(table: pa.Table, *, is_real: bool | None, k: int = ranking.K) -> tuple[Rows, pa.Table]:
    """Read outcomes as the task they are of; also give the rows of the table that these are.

    `is_real`: the model declares real numbers. `k`: places of a ranking that count. Where most
    outcomes are of rankings, the others are left out.
    """
    is_ranked = pc.is_valid(table["places"])
    rankings = pc.sum(is_ranked).as_py() or 0
    if 2 * rankings > len(table):
        table = table.filter(is_ranked)
        held = table["places"].combine_chunks()
        return Rows("ranking", None, None, None, np.full(len(table), np.nan), held, k), table
    if rankings:
        table = table.filter(pc.invert(is_ranked))
    score = _numbers(table["score"])
    said, was = _numbers(table["predicted_number"]), _numbers(table["actual_number"])
    if not _is_of_numbers(table, said, score, is_real):
        labels = _labels(table["predicted"]), _labels(table["actual"])
        return Rows("classification", *labels, None, score), table
    known = np.isfinite(said) & np.isfinite(was)
    is_score = _is_of_scores(said, was)
    if not known.all():
        said, was, score = said[known], was[known], score[known]
        table = table.filter(pa.array(known))
    if is_score:
        return _as_classes(said, was), table
    return Rows("regression", None, None, (said, was), score), table


def summarise(
    table: pa.Table, first: int, step: int, *, is_real: bool | None, k: int = ranking.K
) -> Windows:
    """Add up outcomes of a stretch that begins at `first`, in windows of `step` seconds.

    `table`: `outcome_packing.of_measures`.
    """
    rows, table = read(table, is_real=is_real, k=k)
    hours = table["hour"].to_numpy()
    starts = first + (hours - first) // step * step
    order = np.argsort(starts, kind="stable")
    ordered, is_first = starts[order], table["is_first"].to_numpy()
    cuts = [int(at) for at in np.flatnonzero(np.diff(ordered)) + 1]
    found: dict[int, Summary] = {}
    for begin, end in zip([0, *cuts], [*cuts, len(ordered)], strict=True):
        if end > begin:
            at = order[begin:end]
            covered = int(is_first[at].sum())
            found[int(ordered[begin])] = _summary(rows.take(at), covered)
    total = _summary(rows, sum(one.covered for one in found.values()))
    delays = pc.drop_null(table["delay_seconds"]).to_numpy()
    middle = max(0, len(delays) - 1) // 2
    return Windows(
        rows.task,
        found,
        total,
        tuple(quality.classes(total.pairs)),
        int(pc.sum(pc.greater(table["corrections"], 0)).as_py() or 0),
        int(np.partition(delays, middle)[middle]) if len(delays) else None,
    )


def _summary(rows: Rows, covered: int) -> Summary:
    pairs = rows.pairs()
    off = None if rows.numbers is None else float(rows.losses().sum())
    return Summary(len(rows.score), covered, pairs, off, tuple(rows.measures()))


def _is_of_numbers(table: pa.Table, said: Floats, score: Floats, is_real: bool | None) -> bool:
    """A model with real outputs estimates; one that declares none is judged by what it said."""
    if is_real is not None:
        return is_real and not np.isfinite(score).any()
    if not np.isfinite(said).any():
        return False
    words = table["predicted"].filter(pc.is_valid(table["predicted_number"])).cast(pa.string())
    return bool(pc.any(pc.match_substring(words, ".")).as_py())


def _is_of_scores(said: Floats, was: Floats) -> bool:
    """Numbers between 0 and 1 whose outcomes are only 0 and 1 are probabilities."""
    known = np.isfinite(said)
    inside, outcomes = said[known], was[known]
    if not known.any():
        return False
    return bool(((inside >= 0) & (inside <= 1)).all() and np.isin(outcomes, (0.0, 1.0)).all())


def _as_classes(score: Floats, hit: Floats) -> Rows:
    """Make classes of probabilities: positive from a half on."""
    words = pa.array(["0", "1"])
    above = pa.array((score >= POSITIVE_FROM).astype(np.int32))
    predicted = pa.DictionaryArray.from_arrays(above, words)
    actual = pa.DictionaryArray.from_arrays(pa.array(hit.astype(np.int32)), words)
    return Rows("classification", predicted, actual, None, score)


def _labels(column: pa.ChunkedArray) -> pa.Array:
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # of no chunk
        whole = pa.array([], type=column.type)
    return whole


def _numbers(column: pa.ChunkedArray) -> Floats:
    return np.array(column.to_numpy(), dtype=np.float64)
