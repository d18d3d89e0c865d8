"""MLflow's filter grammar, as plain values."""

import pytest

from modelyard_server.registry.errors import FilterRefused
from modelyard_server.registry.filters import Clause, parse, parse_order
from modelyard_server.registry.search import MODEL_ATTRIBUTES, VERSION_ATTRIBUTES


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", []),
        ("name = 'churn'", [Clause("attribute", "name", "=", "churn")]),
        ('name LIKE "ch%"', [Clause("attribute", "name", "LIKE", "ch%")]),
        ("attribute.name ilike 'it''s'", [Clause("attribute", "name", "ILIKE", "it's")]),
        ("name IN ('a', 'b')", [Clause("attribute", "name", "IN", ("a", "b"))]),
        (
            "tags.`mlflow.prompt.is_prompt` != 'true' AND tag.team = 'x AND y'",
            [
                Clause("tag", "mlflow.prompt.is_prompt", "!=", "true"),
                Clause("tag", "team", "=", "x AND y"),
            ],
        ),
        ("creation_timestamp >= 17", [Clause("attribute", "creation_timestamp", ">=", 17)]),
    ],
)
def test_a_filter_is_read_as_clauses(text, clauses):
    assert parse(text, MODEL_ATTRIBUTES) == clauses


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name = churn",
        "name = 'a' OR name = 'b'",
        "name = 'a' AND",
        "owner = 'a'",
        "params.x = 'a'",
        "name > 'a'",
        "name IN ()",
        "name IN ('a' 'b')",
        "tags.x IN ('a')",
        "creation_timestamp = 'soon'",
        "name = 'a'; DROP TABLE models",
    ],
)
def test_what_is_not_of_the_grammar_is_refused(text):
    with pytest.raises(FilterRefused):
        parse(text, MODEL_ATTRIBUTES)


def test_versions_are_found_by_run_and_number():
    found = parse("run_id NOT IN ('r') and version_number=3", VERSION_ATTRIBUTES)
    assert [(c.key, c.operator, c.value) for c in found] == [
        ("run_id", "NOT IN", ("r",)),
        ("version_number", "=", 3),
    ]


def test_an_order_names_known_keys_only():
    keys = frozenset({"name", "creation_timestamp"})
    assert parse_order(["name DESC", "attribute.creation_timestamp"], keys) == [
        ("name", False),
        ("creation_timestamp", True),
    ]
    with pytest.raises(FilterRefused):
        parse_order(["name; drop"], keys)
