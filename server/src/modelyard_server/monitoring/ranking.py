"""Quality of ordered lists: what a model put first against what was wanted. Pure functions.

One row is one query. The model answers with items in order, the outcome names the relevant ones,
perhaps with a gain each. Every metric looks at the first `k` places and is a mean over the queries.
Gains are linear, as in scikit-learn's `ndcg_score`: Järvelin and Kekäläinen 2002.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from modelyard_server.kernel.lazily import lazily

from .outcome_schemas import MOST_ITEMS, Measure
from .quality import Floats, Z, wilson

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
else:
    np = lazily("numpy")
    pa = lazily("pyarrow")


K = 10
MOST_K = 100
ITEM, SCORES, LISTS = ("item", "item_id", "id"), ("score", "relevance"), ("items", "ranking")
Ints: TypeAlias = "NDArray[np.int64]"


class NoRanking(ValueError):
    """It is no ordered list; the text says why."""


def items_of(answer: Any) -> list[str]:
    """Read what a model answered: ids in order, or objects with an id and a score, the best first.

    An object may hold either in `items` or `ranking`. Objects of one score keep their order.

    Raises:
        NoRanking: it is neither.
    """
    if isinstance(answer, dict):
        held = next((answer[name] for name in LISTS if name in answer), None)
        if held is None:
            raise NoRanking("The prediction is no list of items.")
        answer = held
    if not isinstance(answer, list):
        raise NoRanking("The prediction is no list of items.")
    if any(isinstance(one, dict) for one in answer):
        answer = _by_score(answer)
    return [item(one) for one in answer[:MOST_ITEMS]]


def _by_score(answer: Sequence[Any]) -> list[Any]:
    found: list[tuple[float, Any]] = []
    for one in answer:
        name = (
            next((one[key] for key in ITEM if key in one), None) if isinstance(one, dict) else None
        )
        score = next((one[key] for key in SCORES if key in one), None) if name is not None else None
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise NoRanking("Each item of the prediction needs an id in `item` and a `score`.")
        found.append((float(score), name))
    return [name for _, name in sorted(found, key=lambda one: -one[0])]


def item(value: Any) -> str:
    """Write the id of an item: 1, 1.0 and "1" are one.

    Raises:
        NoRanking: it is neither a text nor a whole number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0:
        return str(int(value))
    raise NoRanking(f"Items are named by texts or whole numbers; {str(value)[:64]!r} is neither.")


def gains_of(value: Any) -> dict[str, float]:
    """Read what was relevant: one item, a list of them, or the gain of each.

    Raises:
        NoRanking: an item is named twice, or none has a gain above 0.
    """
    if isinstance(value, dict):
        gains = {item(name): float(gain) for name, gain in value.items()}
        if not any(gain > 0 for gain in gains.values()):
            raise NoRanking("No item has a gain above 0.")
        return gains
    named = [item(one) for one in (value if isinstance(value, list) else [value])]
    twice = next((name for name, times in Counter(named).items() if times > 1), None)
    if twice is not None:
        raise NoRanking(f"Item {twice[:64]!r} is named twice.")
    return dict.fromkeys(named, 1.0)


def places(items: Sequence[str], gains: Mapping[str, float]) -> dict[str, Any]:
    """Give what the metrics need of one query.

    `hits`: places of relevant items, from 1; an item that is repeated counts at its first place.
    `gains`: of these. `best`: gains of all relevant items, the highest first.
    """
    first: dict[str, int] = {}
    for place, name in enumerate(items, start=1):
        first.setdefault(name, place)
    found = sorted(
        (first[name], gain) for name, gain in gains.items() if gain > 0 and name in first
    )
    wanted = sorted((gain for gain in gains.values() if gain > 0), reverse=True)
    return {
        "hits": [place for place, _ in found if place <= MOST_K],
        "gains": [gain for place, gain in found if place <= MOST_K],
        "best": wanted[:MOST_K],
        "relevant": len(wanted),
    }


class Queries:
    """Queries with their outcome, each with what `places` gave."""

    def __init__(self, column: pa.StructArray, k: int = K) -> None:
        self.n, self.k = len(column), k
        fields = {name: column.field(name) for name in ("hits", "gains", "best", "relevant")}
        self._relevant = fields["relevant"].to_numpy(zero_copy_only=False).astype(np.int64)
        of, place = _spread(fields["hits"])
        gain = _spread(fields["gains"])[1].astype(np.float64)
        near = place <= k
        self._of, self._place, gain = of[near], place[near].astype(np.int64), gain[near]
        self._dcg = self._sums(self._of, gain / np.log2(self._place + 1))
        of, best = _spread(fields["best"])
        rank = _ranks(of)
        near = rank <= k
        self._ideal = self._sums(of[near], best[near] / np.log2(rank[near] + 1))

    def ndcg(self) -> Floats:
        """Give each query's discounted gain as a share of the highest possible one."""
        return np.asarray(self._dcg / self._ideal)

    def measures(self) -> list[Measure]:
        """Give the means over the queries with 95 % intervals."""
        if not self.n:
            return []
        rank = _ranks(self._of)  # of each hit among the hits of its query
        hits = np.bincount(self._of, minlength=self.n)
        most = np.minimum(self.k, self._relevant)
        first = rank == 1
        found = {
            "ndcg": self.ndcg(),
            "map": self._sums(self._of, rank / self._place) / most,
            "mrr": self._sums(self._of[first], 1 / self._place[first]),
            "precision_at_k": hits / self.k,
            "recall_at_k": hits / self._relevant,
        }
        low, high = wilson(int((hits > 0).sum()), self.n)
        share = {"name": "hit_rate", "value": float((hits > 0).mean()), "low": low, "high": high}
        told = [_mean(name, values) for name, values in found.items()]
        return [*told, Measure.model_validate({**share, "method": "Wilson"})]

    def _sums(self, of: Ints, values: Floats) -> Floats:
        return np.bincount(of, weights=values, minlength=self.n).astype(np.float64)


def _spread(column: pa.ListArray) -> tuple[Ints, Any]:
    """Give the elements of all lists, and which list each is of."""
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.repeat(np.arange(len(column)), lengths), column.flatten().to_numpy()


def _ranks(of: Ints) -> Ints:
    """Give the place of each element within its list, from 1; elements of a list stand together."""
    if not len(of):
        return np.zeros(0, dtype=np.int64)
    begins = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    lengths = np.diff(np.r_[begins, len(of)])
    return np.arange(len(of)) - np.repeat(begins, lengths) + 1


def _mean(name: str, values: Floats) -> Measure:
    middle = float(values.mean())
    facts: dict[str, Any] = {"name": name, "value": middle}
    if len(values) > 1:
        half = Z * float(values.std(ddof=1)) / float(np.sqrt(len(values)))
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        facts |= {"low": low, "high": high, "method": "normal"}
    return Measure.model_validate(facts)
