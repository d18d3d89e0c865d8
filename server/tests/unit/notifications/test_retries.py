"""Pauses between attempts, and the hourly cap."""

import datetime as dt
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.notifications import retries

START = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)


def test_a_delivery_is_tried_six_times_over_seven_and_a_half_hours():
    pauses = [retries.pause_after(failed) for failed in range(1, 7)]
    assert [p.total_seconds() if p else None for p in pauses] == [
        5,
        300,
        1800,
        7200,
        18000,
        None,
    ]


@given(
    gaps=st.lists(st.integers(0, 4000), max_size=60),
    cap=st.integers(1, 10),
)
def test_no_hour_has_more_messages_than_the_cap(gaps, cap):
    now, sent = START, []
    for gap in gaps:
        now += dt.timedelta(seconds=gap)
        free = retries.free_at(sent, cap, now)
        if free is None:
            sent.append(now)
        else:
            assert now < free <= now + retries.HOUR
            assert retries.free_at(sent, cap, free) is None
    assert all(a <= b for a, b in pairwise(sent))
    assert all(b - a >= retries.HOUR for a, b in zip(sent, sent[cap:], strict=False))
