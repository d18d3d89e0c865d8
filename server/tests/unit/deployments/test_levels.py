"""Times of phases, from the steps that rollouts left."""

import pytest

from modelyard_server.deployments.levels import percentile, times

AT = "2026-12-01T12:00:{:02d}+00:00"


def _steps(*seconds: int) -> list[dict[str, object]]:
    names = ("prepare", "build", "verify", "start", "traffic")
    found, at = [], 0
    for name, took in zip(names, seconds, strict=True):
        began, at = at, at + took
        found.append({"name": name, "started_at": AT.format(began), "finished_at": AT.format(at)})
    return found


def test_each_phase_is_timed_and_the_watched_share_is_not_waited_for() -> None:
    measured = {
        entry.phase: entry for entry in times([_steps(1, 2, 3, 4, 40), _steps(1, 4, 3, 4, 0)])
    }
    assert (measured["build"].p50, measured["build"].p95, measured["build"].count) == (2, 4, 2)
    assert (measured["total"].p50, measured["total"].p95) == (10, 12)
    assert "traffic" not in measured


def test_steps_that_did_not_end_are_left_out() -> None:
    measured = {entry.phase: entry for entry in times([[{"name": "build", "started_at": None}]])}
    assert (measured["build"].count, measured["build"].p50) == (0, None)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3], 0.95, 3), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_a_percentile_is_a_value_that_was_measured(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected
