"""The rule: a corrected p-value and an effect above the noise."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from modelyard_server.monitoring import drift, lasting, profile
from modelyard_server.monitoring.drift import Status

NAMES = [f"c{n}" for n in range(30)]


def references(
    generator: np.random.Generator, rows: int = 5000
) -> dict[str, profile.ColumnReference]:
    return {
        name: profile.reference_of(
            name,
            generator.normal(size=rows).tolist(),
            role=profile.ColumnRole.input,
            origin=profile.Origin.training,
        )
        for name in NAMES
    }


def counted(
    generator: np.random.Generator,
    known: dict[str, profile.ColumnReference],
    rows: int,
    shift: float = 0.0,
) -> profile.Profile:
    """Draw rows of which the first three columns are shifted."""
    columns = {
        name: generator.normal(shift if at < 3 else 0.0, size=rows).tolist()
        for at, name in enumerate(NAMES)
    }
    return profile.count(columns, known)


@pytest.mark.parametrize("rows", [200, 1000, 10_000])
def test_equal_distributions_alarm_in_at_most_five_of_a_hundred_windows(rows: int):
    generator = np.random.default_rng(rows)
    known = references(generator)
    windows = 5 if rows == 10_000 else 40
    alarms = 0
    for _ in range(windows):
        compared = drift.compare(known, counted(generator, known, rows))
        alarms += drift.judge_model(compared, rows).status is Status.drifting
    assert alarms <= windows * 0.05


@pytest.mark.parametrize("rows", [200, 1000])
def test_half_a_standard_deviation_is_found_and_nothing_else(rows: int):
    generator = np.random.default_rng(7)
    known = references(generator)
    found = 0
    for _ in range(20):
        compared = drift.compare(known, counted(generator, known, rows, shift=0.5))
        moved = {one.reference.name for one in compared if one.status is Status.drifting}
        assert moved <= set(NAMES[:3])
        found += len(moved)
    assert found >= 0.95 * 20 * 3


def test_a_certain_but_tiny_change_is_shown_and_does_not_alarm():
    generator = np.random.default_rng(8)
    known = references(generator, 50_000)
    compared = drift.compare(known, counted(generator, known, 50_000, shift=0.1))
    states = {found.reference.name: found.status for found in compared}
    assert {states[name] for name in NAMES[:3]} == {Status.changed_small}
    assert drift.judge_model(compared, 50_000).status is Status.ok


def test_few_rows_give_no_verdict_however_far_they_are():
    generator = np.random.default_rng(9)
    known = references(generator)
    compared = drift.compare(known, counted(generator, known, 99, shift=3))
    verdict = drift.judge_model(compared, 99)
    assert verdict.status is Status.not_enough_data
    assert verdict.reason == "Not enough data (n = 99, needs 100)."


def test_a_column_that_live_rows_lack_has_not_enough_data():
    known = references(np.random.default_rng(1))
    compared = drift.compare(known, {})
    assert {found.status for found in compared} == {Status.not_enough_data}


def column(values: list[Any], name: str = "c") -> profile.ColumnReference:
    return profile.reference_of(
        name, values, role=profile.ColumnRole.input, origin=profile.Origin.training
    )


def against(reference: list[Any], live: list[Any], name: str = "c") -> drift.ColumnDrift:
    known = {name: column(reference, name)}
    return drift.compare(known, profile.count({name: live}, known))[0]


def faults(found: drift.ColumnDrift) -> set[str]:
    return {signal.fault.value for signal in found.signals if signal.is_flagged}


def test_a_constant_column_that_changes_drifts():
    assert against([7.0] * 300, [7.0] * 200).status is Status.ok
    changed = against([7.0] * 300, [8.0] * 200)
    assert (changed.status, faults(changed)) == (Status.drifting, {"out_of_range"})


def test_a_column_that_is_all_missing_is_no_reference_for_values():
    assert against([None] * 300, [None] * 200).status is Status.excluded
    gone = against([float(n) for n in range(300)], [None] * 200)
    assert (gone.status, faults(gone)) == (Status.faulty, {"missing"})


def test_infinities_are_out_of_range_and_never_numbers():
    reference = np.random.default_rng(2).normal(size=2000).tolist()
    live = np.random.default_rng(3).normal(size=900).tolist() + [math.inf, -math.inf] * 50
    found = against([*reference, math.inf], live)
    assert faults(found) == {"out_of_range"}
    assert found.reference.grid.high == max(reference)
    assert math.isfinite(found.shift or math.nan)


def test_a_mass_point_is_compared_as_a_bin_of_its_own():
    generator = np.random.default_rng(4)
    reference = [0.0] * 700 + generator.lognormal(size=1300).tolist()
    same = [0.0] * 350 + generator.lognormal(size=650).tolist()
    fewer = [0.0] * 100 + generator.lognormal(size=900).tolist()
    assert against(reference, same).status is Status.ok
    moved = against(reference, fewer)
    assert (moved.status, moved.method) == (Status.drifting, "chi² + PSI")


def test_ten_thousand_categories_are_judged_by_what_was_never_seen():
    generator = np.random.default_rng(5)
    draw = lambda low, n: [f"sku-{v}" for v in generator.integers(low, low + 10_000, n)]  # noqa: E731
    same = against(draw(0, 20_000), draw(0, 2000))
    assert (same.status, same.psi) == (Status.ok, None)
    assert 1500 < (same.distinct or 0) < 2300
    moved = against(draw(0, 20_000), draw(6000, 2000))
    assert moved.status is Status.drifting
    assert "never seen" in moved.explain


def test_numeric_ids_are_left_out_and_floats_are_not():
    ids = list(range(1000, 3000))
    assert against(ids, list(range(9000, 9500)), "customer_id").status is Status.excluded
    amounts = np.random.default_rng(6).permutation(2000).astype(float).tolist()
    assert against(amounts, amounts[:500], "amount").status is Status.ok


def test_signals_are_apart_from_the_distribution():
    reference = np.random.default_rng(7).normal(size=3000).tolist()
    live = np.random.default_rng(8).normal(size=950).tolist()
    assert faults(against(reference, live + ["?"] * 50)) == {"type_error"}
    assert faults(against(reference, live + [None] * 200)) == {"missing"}
    assert faults(against(reference, live)) == set()


def test_new_categories_are_expected_as_often_as_rare_ones_were():
    generator = np.random.default_rng(9)
    zipf = lambda n: [f"w{v}" for v in np.minimum(generator.zipf(1.6, n), 190)]  # noqa: E731
    assert faults(against(zipf(500), zipf(5000))) == set()
    assert faults(against(["a", "b"] * 200, ["a", "b", "new"] * 100)) == {"unseen"}


def test_moved_columns_the_model_does_not_use_are_no_drift_of_the_model():
    generator = np.random.default_rng(10)
    known = references(generator)
    compared = drift.compare(known, counted(generator, known, 1000, shift=0.6))
    unused = {name: 0.0 if at < 3 else 1.0 for at, name in enumerate(NAMES)}
    assert drift.judge_model(compared, 1000).share == pytest.approx(0.1)
    assert drift.judge_model(compared, 1000, unused).status is Status.ok
    used = {"c0": 1.0}
    assert drift.judge_model(compared, 1000, used).status is Status.drifting


START = dt.datetime(2026, 11, 27, 9, tzinfo=dt.UTC)


def lasts(shifts: list[float], rows: int, minutes_later: int = 1) -> frozenset[str]:
    """Confirm what moved over minutes of so many rows, each shifted by its own amount."""
    generator = np.random.default_rng(11)
    known = references(generator)
    counted_ = [counted(generator, known, rows, shift) for shift in shifts]
    parts = [(START + dt.timedelta(minutes=n), part) for n, part in enumerate(counted_)]
    whole = drift.compare(known, profile.merge(counted_))
    moved = {one.reference.name for one in whole if one.status is Status.drifting}
    now = START + dt.timedelta(minutes=len(shifts) - 1 + minutes_later)
    return lasting.confirmed(known, moved, parts, list, now)


def test_a_change_lasts_when_two_stretches_of_rows_show_it():
    three = set(NAMES[:3])
    assert lasts([0, 0, 1.5], 300) == set()
    assert lasts([0, 1.5, 0], 300, minutes_later=60) == set()
    assert lasts([0, 1.5, 1.5], 300) == three
    assert lasts([1.5] * 5, 50) == three  # minutes with few rows are added up
    assert lasts([0.5] * 20, 50) == three  # each third shows a weak change


def test_a_change_that_nothing_follows_lasts_too():
    assert lasts([0, 0, 1.5], 300, minutes_later=2) == set(NAMES[:3])
    assert lasts([1.5, 0, 0], 300, minutes_later=2) == set()


def test_persistence_is_two_of_the_last_three_judged_windows():
    assert drift.persistent([{"a"}, {"a", "b"}, set()]) == {"a"}
    assert drift.persistent([{"a"}, None, {"a"}]) == {"a"}
    assert drift.persistent([{"a"}, None, None]) == set()
