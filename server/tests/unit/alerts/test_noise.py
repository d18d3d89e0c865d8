"""Who is told when: groups wait, repeats, escalation, silences, explained alerts."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.alerts import noise, story

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def minutes(count):
    return dt.timedelta(minutes=count)


FRESH = noise.Facts(
    deployment_id="d",
    cause="drift",
    severity="warning",
    opened_at=NOW,
    is_acknowledged=False,
    snoozed_until=None,
    was_muted=False,
    first_told_at=None,
    last_told_at=None,
    new_signals=0,
    is_escalated=False,
)
TOLD = replace(FRESH, first_told_at=NOW, last_told_at=NOW)
POLICY = noise.Patience()


@pytest.mark.parametrize(
    ("facts", "after", "event"),
    [
        (FRESH, minutes(0.4), None),
        (FRESH, minutes(0.5), "fired"),
        (TOLD, minutes(29), None),
        (TOLD, minutes(30), "escalated"),
        (replace(TOLD, is_escalated=True), minutes(239), None),
        (replace(TOLD, is_escalated=True), minutes(240), "repeated"),
        (replace(TOLD, is_acknowledged=True), minutes(1000), None),
        (replace(TOLD, new_signals=3), minutes(4), None),
        (replace(TOLD, new_signals=3), minutes(5), "repeated"),
        (replace(FRESH, was_muted=True), minutes(0), "announced"),
        (replace(TOLD, was_muted=True, is_acknowledged=True), minutes(0), "announced"),
    ],
)
def test_what_is_told_when(facts, after, event):
    assert noise.due(facts, POLICY, NOW + after) == event


def quiet(**changed):
    facts = {
        "deployment_id": None,
        "cause": None,
        "severity": None,
        "starts_at": NOW,
        "ends_at": NOW + minutes(60),
        "repeats": "never",
        "reason": "planned work",
    }
    return noise.Quiet(**(facts | changed))


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (quiet(), True),
        (quiet(deployment_id="d", cause="drift", severity="warning"), True),
        (quiet(deployment_id="other"), False),
        (quiet(cause="latency"), False),
        (quiet(severity="critical"), False),
        (quiet(ends_at=NOW), False),
        (quiet(starts_at=NOW + minutes(1)), False),
    ],
)
def test_a_silence_matches_what_it_names(one, holds):
    found = noise.muted_by(FRESH, [one], [], NOW)
    assert found == ("Silenced: planned work" if holds else None)


@given(day=st.integers(0, 400), minute=st.integers(0, 24 * 60 - 1))
def test_a_daily_window_holds_for_its_hour_of_every_day(day, minute):
    at = NOW + dt.timedelta(days=day, minutes=minute)
    assert quiet(repeats="daily").holds(at) == (minute < 60)


def test_an_endpoint_that_is_down_explains_its_other_alerts_but_not_itself():
    assert noise.muted_by(FRESH, [], ["d"], NOW) is not None
    assert noise.muted_by(FRESH, [], ["other"], NOW) is None
    down = replace(FRESH, cause="availability")
    assert noise.muted_by(down, [], ["d"], NOW) is None


def test_a_summary_says_what_was_done_and_how_long_it_took():
    text = story.summary(
        story.Facts(
            deployment="production/churn",
            title="Calls fail",
            version=4,
            opened_at=NOW,
            acknowledged_at=NOW + minutes(3),
            acknowledged_by="Ana",
            acted_at=NOW + minutes(5),
            action="Rolled back to version 3",
            resolved_at=NOW + minutes(65),
            resolved_by="Modelyard",
            resolution="acted",
        ),
        [("Calls fail", "8 % of the calls fail.")],
        None,
    )
    assert "production/churn (version 4)" in text
    assert "Acknowledged by Ana after 3 min." in text
    assert "Rolled back to version 3 on 2026-11-27 at 12:05 UTC; over 1 h later." in text
    assert "after 1 h 5 min: it recovered after somebody acted" in text
