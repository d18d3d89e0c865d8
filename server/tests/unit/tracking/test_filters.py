"""MLflow's filter grammar."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.tracking.errors import FilterRefused
from modelyard_server.tracking.filters import Clause, glob, read, read_order


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("metrics.loss <= -1.5e-3", Clause("metric", "loss", "<=", -1.5e-3)),
        ("metric.`val loss` = 1", Clause("metric", "val loss", "=", 1)),
        ("params.lr = '0.1'", Clause("param", "lr", "=", "0.1")),
        ('parameter."a.b" != "x"', Clause("param", "a.b", "!=", "x")),
        (
            "tags.mlflow.source.name LIKE '%.py'",
            Clause("tag", "mlflow.source.name", "LIKE", "%.py"),
        ),
        ("tag.team is not null", Clause("tag", "team", "IS NOT NULL", None)),
        ("attr.run_id IN ('a', 'b')", Clause("attribute", "run_id", "IN", ("a", "b"))),
        ("status = 'FINISHED'", Clause("attribute", "status", "=", "FINISHED")),
        ("tags.'dir' = 'a\\\\b'", Clause("tag", "dir", "=", "a\\\\b")),
        ("dataset.context = 'it''s'", Clause("dataset", "context", "=", "it's")),
    ],
)
def test_a_clause_is_read(text, clause):
    assert read(text) == [clause]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.loss",
        "metrics.loss > 'high'",
        "metrics.loss LIKE 1",
        "params.lr = 0.1",
        "params.lr > '0.1'",
        "metrics.a = 1 OR metrics.b = 2",
        "metrics.a = 1 AND",
        "secrets.a = 1",
        "metrics.a IN ('x')",
        "attr.run_id IN ()",
        "a = '",
        "; DROP TABLE runs",
        "metrics.a = 1 AND " * 33 + "metrics.a = 1",
        "x" * 9000,
        f"tags.a = '{'x' * 9000}'",
        f"attr.run_id IN ({', '.join(['x' * 32] * 2000)})",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text):
    with pytest.raises(FilterRefused):
        read(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("metrics.loss ~ 1", "~"),
        ("metrics.a > 1  or metrics.b > 2", "or"),
        ("metrics.a > 1 AND params.lr = x", "x"),
        ("params.lr > '0.1'", ">"),
        ("metrics.a > 'high'", "'high'"),
        ("secret.a = 1", "secret"),
        ("params.a = 'open", "'open"),
        ("metrics.a >  ", ""),
    ],
)
def test_a_refusal_points_at_the_characters(text, place):
    with pytest.raises(FilterRefused) as refused:
        read(text)
    start, end = refused.value.extra["start"], refused.value.extra["end"]
    assert text[start:end].strip("'") == place.strip("'")
    assert place or start == len(text.rstrip())


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    with suppress(FilterRefused):
        read(text)
    with suppress(FilterRefused):
        read_order([text])


def test_a_like_pattern_minds_case_and_nothing_else():
    assert Clause("tag", "a", "LIKE", "A_c%").holds("Abcde")
    assert not Clause("tag", "a", "LIKE", "A_c%").holds("abcde")
    assert not Clause("tag", "a", "LIKE", "a.c").holds("abc")
    assert glob("a[b]*_%") == "a[[]b][*]?*"


def test_what_lacks_a_tag_differs_from_every_value():
    assert not Clause("tag", "a", "!=", "x").holds(None)
    assert Clause("tag", "a", "IS NULL", "").holds(None)
    assert not Clause("tag", "a", "=", "x").holds(None)
