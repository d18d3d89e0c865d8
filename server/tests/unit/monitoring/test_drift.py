"""The rule: a corrected p-value and an effect above the noise."""

import numpy as np
import pytest

from modelyard_server.monitoring import drift, profile
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
    windows = 20 if rows == 10_000 else 100
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
    compared = drift.compare(known, counted(generator, known, 199, shift=3))
    verdict = drift.judge_model(compared, 199)
    assert verdict.status is Status.not_enough_data
    assert "1 more" in verdict.reason


def test_a_column_that_live_rows_lack_has_not_enough_data():
    known = references(np.random.default_rng(1))
    compared = drift.compare(known, {})
    assert {found.status for found in compared} == {Status.not_enough_data}
