"""Conditions on stored counts: thresholds, changes, bands, silence, budgets."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.records import latency_bucket
from modelyard_server.alerts.conditions import Anomaly, BurnRate, Change, NoData, Threshold
from modelyard_server.alerts.readings import band, read
from modelyard_server.alerts.series import Layer, Series, Stored, Stretch

HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
NOW = 1_800_000_000 // DAY * DAY + 12 * HOUR


def stretch(at, requests=0, failed=0, refused=0, ms=10.0):
    latency = {latency_bucket(ms * 1000): requests} if requests else {}
    return Stretch(at, requests, refused, failed, latency)


def series(stretches, step=300, reach=40 * DAY):
    layer = Layer.of(step, stretches)
    return Series((Stored(NOW - reach, lambda: layer),))


def every(step, since, make):
    return [make(at) for at in range(NOW - since, NOW, step)]


@given(
    counts=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=40),
    first=st.integers(0, 40),
    last=st.integers(0, 40),
)
def test_a_window_holds_exactly_the_stretches_that_start_in_it(counts, first, last):
    made = [Stretch(NOW + n * 300, a + b, 0, b, {n % 3: a + b}) for n, (a, b) in enumerate(counts)]
    window = Layer.of(300, made).between(NOW + first * 300, NOW + last * 300)
    inside = counts[first:last] if last > first else []
    if last >= first:
        assert window.requests == sum(a + b for a, b in inside)
        assert window.errors_5xx == sum(b for _, b in inside)
        assert window.latency.sum() == window.requests


def test_rows_of_several_revisions_add_up():
    window = Layer.of(300, [stretch(NOW, 10, 1), stretch(NOW, 20, 3)]).between(NOW, NOW + 300)
    assert (window.requests, window.errors_5xx) == (30, 4)


@pytest.mark.parametrize(
    ("failed", "breach", "clear"), [(60, True, False), (50, False, False), (20, False, True)]
)
def test_a_threshold_has_a_zone_where_nothing_changes(failed, breach, clear):
    condition = Threshold(signal="error_rate", threshold=0.05, recover_threshold=0.02)
    found = read(condition, series([stretch(NOW - 300, 1000, failed)]), NOW)
    assert (found.seen.is_breach, found.seen.is_clear) == (breach, clear)
    assert found.value == failed / 1000


def test_few_calls_say_nothing():
    condition = Threshold(signal="error_rate", threshold=0.05, least_requests=20)
    assert not read(condition, series([stretch(NOW - 300, 19, 19)]), NOW).seen.is_known


def test_percentiles_come_from_the_buckets():
    calls = [stretch(NOW - 300, 94, ms=10), stretch(NOW - 300, 6, ms=2000)]
    condition = Threshold(signal="p95_ms", threshold=1000)
    found = read(condition, series(calls), NOW)
    assert found.seen.is_breach
    assert math.isclose(found.value, 2000, rel_tol=0.03)


@pytest.mark.parametrize("against", ["previous", "last_week", "baseline"])
@pytest.mark.parametrize(("ms", "breach"), [(30, True), (22, False)])
def test_a_change_is_measured_against_what_was_before(against, ms, breach):
    before = every(300, 14 * DAY, lambda at: stretch(at, 100, ms=20 if at < NOW - HOUR else ms))
    condition = Change(signal="p95_ms", against=against, percent=40)
    assert read(condition, series(before), NOW).seen.is_breach is breach


def test_a_band_follows_the_time_of_day():
    noise = random.Random(1)

    def by_day(at):
        noon = 12 * HOUR - abs(at % DAY - 12 * HOUR)
        return stretch(at, 1000, ms=20 + 80 * noon / (12 * HOUR) + noise.gauss(0, 2))

    history = every(HOUR, 20 * DAY, by_day)
    condition = Anomaly(signal="p95_ms", deviations=4)
    usual = series(history, step=HOUR)
    low, high = band(condition, usual, NOW)
    assert low < 100 < high < 130
    assert not read(condition, usual, NOW).seen.is_breach
    slow = series([*history[:-1], stretch(NOW - HOUR, 1000, ms=160)], step=HOUR)
    assert read(condition, slow, NOW).seen.is_breach
    midnight = NOW - 12 * HOUR
    assert band(condition, usual, midnight)[1] < 60


def test_a_band_needs_a_week_of_days():
    short = series(every(HOUR, 6 * DAY, lambda at: stretch(at, 1000)), step=HOUR)
    assert not read(Anomaly(signal="p95_ms"), short, NOW).seen.is_known


def test_silence_where_calls_are_usual_is_a_breach():
    condition = NoData(window_minutes=30)
    busy = every(300, 2 * DAY, lambda at: stretch(at, 10 if at < NOW - 1800 else 0))
    assert read(condition, series(busy), NOW).seen.is_breach
    resumed = [*busy, stretch(NOW - 300, 1)]
    assert read(condition, series(resumed), NOW).seen.is_clear


def test_a_night_that_is_always_quiet_is_no_breach():
    def by_day(at):
        return stretch(at, 0 if at % DAY >= 11 * HOUR else 50)

    quiet = series(every(300, 9 * DAY, by_day))
    assert not read(NoData(window_minutes=30), quiet, NOW).seen.is_breach


@pytest.mark.parametrize(
    ("share", "minutes", "breach"),
    [
        (0.20, 60, True),  # 20 times the budget for an hour: 14.4 on 1 h and 5 min
        (0.07, 360, True),  # 7 times for six hours: 6 on 6 h and 30 min
        (0.07, 30, False),
        (0.012, 3 * 1440, True),  # 1 on three days and six hours
        (0.005, 3 * 1440, False),
    ],
)
def test_a_budget_burns_over_a_long_and_a_short_window(share, minutes, breach):
    def at_rate(at):
        return stretch(at, 1000, round(1000 * share) if at >= NOW - minutes * 60 else 0)

    found = read(BurnRate(objective=0.99), series(every(300, 4 * DAY, at_rate)), NOW)
    assert found.seen.is_breach is breach


def test_a_budget_needs_a_hundred_calls_in_the_short_window():
    few = series(every(300, 4 * DAY, lambda at: stretch(at, 1, 1)))
    assert not read(BurnRate(objective=0.99), few, NOW).seen.is_known


def test_slow_calls_burn_the_budget_of_a_latency_objective():
    slow = series(every(300, DAY, lambda at: stretch(at, 1000, ms=900)))
    assert read(BurnRate(objective=0.99, slow_ms=500), slow, NOW).seen.is_breach
    assert not read(BurnRate(objective=0.99, slow_ms=1500), slow, NOW).seen.is_breach
