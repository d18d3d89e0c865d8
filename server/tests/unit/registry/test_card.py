"""What a card says, and what it does not say yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.registry import card


def test_front_matter_and_sections_are_read():
    read = card.read(
        "---\nlicense: mit\ntags: [a, b]\n---\n# Churn\n\n## Purpose\nWho leaves.\n\n"
        "## Out-of-scope use\n\n## Bias, risks and limitations\nUnknown.\n"
    )
    assert read.front_matter == {"license": "mit", "tags": ["a", "b"]}
    assert read.written == {"purpose", "limits"}
    assert "license" not in read.body
    assert {part.key for part in card.missing(read.written)} >= {"out_of_scope", "contact"}


def test_a_section_with_sub_sections_counts():
    assert card.read("## Training data\n### Source\nBank.").written == {"data"}


def test_headings_in_code_are_no_headings():
    assert card.read("## Purpose\n```\n## Data\n```\n").written == {"purpose"}


@pytest.mark.parametrize(
    "front",
    ["a: [", "- 1", "a: &x [1]\nb: *x", "x" * 30_000, "!!python/object:os.system {}"],
)
def test_front_matter_that_cannot_be_read_is_said(front):
    read = card.read(f"---\n{front}\n---\ntext")
    assert read.front_matter == {}
    assert read.front_matter_problem
    assert read.body == "text"


def test_the_template_asks_for_every_part_and_answers_none():
    assert card.read(card.template()).written == frozenset()


@given(st.text())
def test_any_text_can_be_read(text):
    assert isinstance(card.read(text).written, frozenset)
    card.read(f"---\n{text}\n---\n")
