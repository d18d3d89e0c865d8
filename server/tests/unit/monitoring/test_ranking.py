"""Metrics of ordered lists against scikit-learn and values worked by hand."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from modelyard_server.monitoring import outcome_packing, ranking
from modelyard_server.monitoring.pairing import Mismatch, pair


def measured(queries: list[tuple[list[str], dict[str, float]]], k: int) -> dict[str, Any]:
    kind = outcome_packing.schema().field("places").type
    column = pa.array([ranking.places(*query) for query in queries], type=kind)
    return {one.name: one for one in ranking.Queries(column, k).measures()}


def test_values_worked_by_hand():
    """First query: c and a are relevant, found at 1 and 3 of five. Second: nothing is found."""
    queries = [
        (["c", "x", "a", "y", "z"], {"a": 1.0, "c": 1.0, "q": 1.0, "no": 0.0}),
        (["x", "y"], {"a": 1.0}),
    ]
    found = {name: one.value for name, one in measured(queries, 3).items()}
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    assert found == pytest.approx(
        {
            "ndcg": (1 + 1 / 2) / ideal / 2,
            "map": (1 / 1 + 2 / 3) / 3 / 2,
            "mrr": 0.5,
            "precision_at_k": 2 / 3 / 2,
            "recall_at_k": 2 / 3 / 2,
            "hit_rate": 0.5,
        },
        abs=1e-12,
    )
    first = {name: one.value for name, one in measured(queries, 1).items()}
    assert (first["ndcg"], first["map"], first["recall_at_k"]) == (0.5, 0.5, 1 / 3 / 2)


@pytest.mark.parametrize("k", [1, 5, 10, 40])
def test_ndcg_with_gains_is_what_scikit_learn_says(k: int):
    generator = np.random.default_rng(k)
    gains = generator.integers(0, 4, size=(200, 40)) * (generator.random((200, 40)) < 0.2)
    gains[:, 0] += 1  # each query has something
    scores = generator.random((200, 40))
    queries = [
        (
            [str(at) for at in np.argsort(-score)],
            {str(at): float(gain) for at, gain in enumerate(own)},
        )
        for score, own in zip(scores, gains, strict=True)
    ]

    found = measured(queries, k)

    assert found["ndcg"].value == pytest.approx(metrics.ndcg_score(gains, scores, k=k), abs=1e-9)
    precise = [
        metrics.average_precision_score(g > 0, s) for g, s in zip(gains, scores, strict=True)
    ]
    if k == 40:  # of whole lists both are the same
        assert found["map"].value == pytest.approx(np.mean(precise), abs=1e-9)
    assert found["ndcg"].low < found["ndcg"].value < found["ndcg"].high
    assert found["hit_rate"].method == "Wilson"


@pytest.mark.parametrize(
    ("said", "value", "items", "best"),
    [
        (["b", "a"], ["a"], '["b","a"]', "a"),
        ([3, 1.0, "x"], [1], '["3","1","x"]', "1"),
        ([{"id": "p", "score": 0.1}, {"id": "q", "score": 2}], {"p": 1, "z": 3}, '["q","p"]', "z"),
        ({"items": ["a"]}, "a", '["a"]', "a"),
        ([], ["a"], "[]", "a"),
        (["a", "a", "b"], ["b"], '["a","a","b"]', "b"),
    ],
)  # fmt: skip
def test_a_list_of_items_is_a_ranking(said: Any, value: Any, items: str, best: str):
    found = pair(said, value)
    assert (found.predicted.ranked, found.actual.label) == (items, best)


@pytest.mark.parametrize(
    ("said", "value", "why"),
    [
        ("a", ["a"], "The prediction is no list of items."),
        ([[1]], ["a"], "Items are named by texts or whole numbers; '[1]' is neither."),
        ([0.2, 0.8], ["a"], "Items are named by texts or whole numbers; '0.2' is neither."),
        ([float("inf")], ["a"], "Items are named by texts or whole numbers; 'inf' is neither."),
        ([{"id": 1}], [1], "Each item of the prediction needs an id in `item` and a `score`."),
        (["a"], ["a", 1, "1"], "Item '1' is named twice."),
        (["a"], {"a": 0}, "No item has a gain above 0."),
    ],
)  # fmt: skip
def test_what_is_no_ranking_is_refused(said: Any, value: Any, why: str):
    with pytest.raises(Mismatch) as refused:
        pair(said, value)
    assert str(refused.value) == why
