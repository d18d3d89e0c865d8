"""A reader's place in a stream survives the header, and only that of the same things counts."""

import pytest

from modelyard_server.kernel import resuming
from modelyard_server.kernel.recent import Recent


def test_a_position_gives_back_what_was_told():
    told = {f"row-{n}": resuming.digest([n]) for n in range(500)}
    position = resuming.sealed("24h", told)
    assert resuming.opened(position, "24h", list(told)) == told
    assert resuming.opened(position, "1h", list(told)) is None
    assert resuming.opened(position, "24h", list(told)[1:]) is None


@pytest.mark.parametrize("position", ["", ".", "24h", "24h.x.y", "é", "A" * 9000])
def test_a_position_that_is_not_ours_is_none(position: str):
    assert resuming.opened(position, "24h", ["a"]) is None


def test_a_position_that_no_header_carries_is_not_written():
    assert resuming.sealed("24h", {str(n): n for n in range(5000)}) == ""


def test_what_was_read_is_shared_while_it_is_recent_and_never_more_than_so_many():
    looks: list[str] = []
    recent: Recent[str] = Recent(most=2)

    def read(key: str) -> str:
        looks.append(key)
        return key

    for key, seconds in (("a", 60), ("a", 60), ("b", 0), ("b", 0), ("c", 60), ("a", 60)):
        assert recent.get(key, seconds, lambda of=key: read(of)) == key
    assert looks == ["a", "b", "b", "c"]
