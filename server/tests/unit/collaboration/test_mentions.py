"""Who a text means with @."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.collaboration.inbox import excerpt
from modelyard_server.collaboration.mentions import Person, handles, mentioned

ANA, BEN, TWIN = (
    Person(uuid.UUID(int=n), name, email)
    for n, (name, email) in enumerate(
        [("Ana", "ana@example.com"), ("Ben", "ben.o@example.com"), ("Ana B", "ana@other.org")]
    )
)


def test_two_people_with_one_name_need_their_whole_address():
    assert handles([ANA, BEN]) == {"ana": ANA, "ben.o": BEN}
    assert handles([ANA, BEN, TWIN]) == {
        "ana@example.com": ANA,
        "ben.o": BEN,
        "ana@other.org": TWIN,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ana look", {"ana"}),
        ("Look, @Ana.", {"ana"}),
        ("(@ben.o) and @ana-", {"ana", "ben.o"}),
        ("mail to ana@example.com", set()),
        ("@anabel is nobody", set()),
        ("`@ana` and\n```\n@ben.o\n```", set()),
        ("~~~\n@ana never closed", set()),
        ("pip install a/@ana", set()),
        ("", set()),
    ],
)
def test_a_mention_stands_alone_and_outside_code(text, expected):
    assert set(mentioned(text, handles([ANA, BEN]))) == expected


@given(st.text(max_size=400))
def test_any_text_can_be_read(text):
    assert set(mentioned(text, handles([ANA, BEN]))) <= {"ana", "ben.o"}
    assert len(excerpt(text)) <= 200
    assert "\n" not in excerpt(text)
