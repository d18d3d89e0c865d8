"""Whether a flag is on: which rule wins, and how people are spread."""

import datetime as dt
import uuid

import pytest

from modelyard_server.flags.deciding import STALE_AFTER, Rules, decide, share_of, staleness

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
SOON, BEFORE = NOW + dt.timedelta(days=1), NOW - dt.timedelta(days=1)
ADA = uuid.UUID(int=1)


@pytest.mark.parametrize(
    ("rules", "is_on"),
    [
        (Rules(default_on=False), False),
        (Rules(default_on=True), True),
        (Rules(default_on=True, organisation=False), False),
        (Rules(default_on=False, organisation=True), True),
        (Rules(default_on=False, organisation=True, person=False), False),
        (Rules(default_on=False, organisation=False, person=True), True),
        (Rules(default_on=True, organisation=True, person=True, is_killed=True), False),
        (Rules(default_on=True, starts_at=SOON), False),
        (Rules(default_on=True, starts_at=BEFORE, ends_at=SOON), True),
        (Rules(default_on=True, ends_at=BEFORE), False),
        (Rules(default_on=False, ends_at=BEFORE, person=True), True),
        (Rules(default_on=False, percentage=100), True),
        (Rules(default_on=False, percentage=0), False),
    ],
)
def test_the_first_rule_that_says_something_wins(rules: Rules, is_on: bool) -> None:
    assert decide("some_flag", rules, ADA, NOW).is_on is is_on


def test_a_share_is_sticky_and_only_grows() -> None:
    people = [uuid.uuid5(uuid.NAMESPACE_DNS, str(number)) for number in range(4000)]

    def chosen(key: str, percentage: int) -> set[uuid.UUID]:
        rules = Rules(default_on=False, percentage=percentage)
        return {who for who in people if decide(key, rules, who, NOW).is_on}

    five, half = chosen("a", 5), chosen("a", 50)
    assert five == chosen("a", 5)
    assert five < half
    assert abs(len(five) / 4000 - 0.05) < 0.015
    assert abs(len(half) / 4000 - 0.5) < 0.04
    assert chosen("b", 5) != five
    assert all(0 <= share_of("a", who) < 100 for who in people)


def test_nobody_in_particular_has_no_share() -> None:
    assert not decide("a", Rules(default_on=False, percentage=100), None, NOW).is_on


@pytest.mark.parametrize(
    ("rules", "overrides", "age", "remove_by", "is_stale"),
    [
        (Rules(default_on=True), 0, STALE_AFTER * 2, SOON, True),
        (Rules(default_on=True), 1, STALE_AFTER * 2, SOON, False),
        (Rules(default_on=True), 0, STALE_AFTER / 2, SOON, False),
        (Rules(default_on=False, percentage=5), 0, STALE_AFTER * 2, SOON, False),
        (Rules(default_on=False, percentage=5), 1, STALE_AFTER / 2, BEFORE, True),
    ],
)
def test_a_flag_that_has_settled_is_stale(
    rules: Rules, overrides: int, age: dt.timedelta, remove_by: dt.datetime, is_stale: bool
) -> None:
    said = staleness(
        rules, overrides=overrides, changed_at=NOW - age, remove_by=remove_by.date(), now=NOW
    )
    assert (said is not None) is is_stale
