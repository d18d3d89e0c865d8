"""A rule's memory: fires after its time, ends after the recovery time, never on silence."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.alerts.states import Memory, Patience, Seen, State, advance

START = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
BREACH = Seen(is_known=True, is_breach=True, is_clear=False)
BETWEEN = Seen(is_known=True, is_breach=False, is_clear=False)
CLEAR = Seen(is_known=True, is_breach=False, is_clear=True)
UNKNOWN = Seen(is_known=False, is_breach=False, is_clear=False)
MINUTES = st.integers(0, 20)


def walk(seen, hold, recover):
    """Judge once a minute; give (minute, seen, memory, step)."""
    memory, patience = Memory(State.ok, START), Patience(minutes(hold), minutes(recover))
    for minute, one in enumerate(seen):
        memory, step = advance(memory, one, patience, START + minutes(minute))
        yield minute, one, memory, step


def minutes(count):
    return dt.timedelta(minutes=count)


def steps(seen, hold=2, recover=2):
    return [(minute, step) for minute, _, _, step in walk(seen, hold, recover) if step]


def test_it_fires_after_its_time_and_ends_after_the_recovery_time():
    assert steps([CLEAR, BREACH, BREACH, BREACH, CLEAR, CLEAR, CLEAR]) == [
        (3, "fired"),
        (6, "resolved"),
    ]


def test_without_patience_it_fires_and_ends_at_once():
    assert steps([BREACH, CLEAR], 0, 0) == [(0, "fired"), (1, "resolved")]


def test_a_breach_that_passes_fires_nothing():
    assert steps([BREACH, BREACH, CLEAR, BREACH, BREACH, CLEAR]) == []


def test_between_the_thresholds_it_neither_fires_nor_ends():
    assert steps([BETWEEN] * 9) == []
    assert steps([BREACH] * 3 + [BETWEEN] * 9) == [(2, "fired")]
    assert steps([BREACH] * 3 + [CLEAR, BETWEEN] * 9) == [(2, "fired")]


def test_no_data_is_a_state_of_its_own_and_never_ends_an_alert():
    found = list(walk([BREACH] * 3 + [UNKNOWN] * 50 + [BREACH], 2, 2))
    assert found[10][2].state is State.no_data
    assert [step for *_, step in found if step] == ["fired"]
    assert found[-1][2].state is State.firing


def test_after_no_data_an_alert_ends_only_when_it_is_clear_for_its_time():
    assert steps([BREACH] * 3 + [UNKNOWN, CLEAR, CLEAR, CLEAR]) == [(2, "fired"), (6, "resolved")]


@given(
    seen=st.lists(st.sampled_from([BREACH, BETWEEN, CLEAR, UNKNOWN]), max_size=80),
    hold=MINUTES,
    recover=MINUTES,
)
def test_laws(seen, hold, recover):
    found = list(walk(seen, hold, recover))
    happened = [step for *_, step in found if step]
    assert happened == ["fired", "resolved"] * (len(happened) // 2) + ["fired"] * (
        len(happened) % 2
    )
    for minute, one, memory, step in found:
        if step == "fired":  # the whole time before it was a breach
            assert all(s is BREACH for s in seen[minute - hold : minute + 1])
        if step == "resolved":
            assert all(s is CLEAR for s in seen[minute - recover : minute + 1])
        if one is UNKNOWN:
            assert (step, memory.state) == (None, State.no_data)
        assert memory.since <= START + minutes(minute)
    alerting = bool(happened) and happened[-1] == "fired"
    assert not found or found[-1][2].is_alerting == alerting
