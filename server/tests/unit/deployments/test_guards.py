"""When a new revision is taken back, and how strategies become steps."""

import datetime as dt
from typing import Any

import pytest

from modelyard_server.deployments import guards
from modelyard_server.deployments.ports import Measured
from modelyard_server.deployments.schemas import Guards, Strategy
from modelyard_server.deployments.strategy import Step, is_over, says, steps_of
from modelyard_server.deployments.traffic_plan import differences

WELL = Measured(requests=1000, errors_4xx=10, errors_5xx=2, p95_ms=20.0)
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (Measured(requests=100, errors_5xx=3), "3.0% of its 100 calls failed (5xx)"),
        (Measured(requests=100, errors_5xx=2), None),
        (Measured(requests=19, errors_5xx=19), None),
        (Measured(requests=20, errors_5xx=20), "100.0% of its 20 calls failed"),
        (Measured(requests=100, p95_ms=41.0), "p95 latency is 41.0 ms"),
        (Measured(requests=100, p95_ms=40.0), None),
        (Measured(requests=49, p95_ms=900.0), None),
        (Measured(requests=100, errors_4xx=30), "refused as wrong input"),
        (Measured(requests=100, errors_4xx=20), None),
        (
            Measured(requests=1, drift="the share of 1 doubled", drift_score=0.3),
            "predictions drift",
        ),
        (Measured(crash="ImportError"), "Its model server crashed: ImportError"),
        (Measured(silent_seconds=11.0, silent_calls=3), "answered nobody for 11 s while 3 calls"),
        (Measured(silent_seconds=10.0, silent_calls=99), None),
        (Measured(silent_seconds=60.0, silent_calls=2), None),
    ],
)
def test_a_worse_revision_is_named_by_what_is_worse(new: Measured, reason: str | None) -> None:
    found = guards.breach(Guards(), new, WELL)
    assert (found is None) is (reason is None)
    assert reason is None or reason in str(found)


def test_what_was_as_bad_before_is_no_reason_to_go_back() -> None:
    bad = Measured(requests=1000, errors_5xx=100, errors_4xx=400)
    assert guards.breach(Guards(), bad, bad) is None
    assert guards.breach(Guards(), Measured(requests=100, errors_5xx=60), bad) is not None


def test_a_silence_is_held_against_what_the_old_revision_takes() -> None:
    mute = Measured(silent_seconds=30.0, silent_calls=5)
    slow = Measured(requests=100, p95_ms=25_000.0)
    assert guards.breach(Guards(), mute, slow) is None
    assert guards.breach(Guards(), mute, Measured(silent_seconds=20.0, silent_calls=5)) is None
    assert guards.breach(Guards(latency_factor=1), mute, slow) is not None


def test_callers_who_send_other_rows_are_not_the_new_revisions_fault() -> None:
    moved = Measured(requests=200, drift="33 points more rows with 1", drift_score=0.5)
    assert guards.breach(Guards(), moved, moved) is None
    slightly = Measured(requests=200, drift_score=0.2)
    assert "drift" in (guards.breach(Guards(), moved, slightly) or "")
    assert "drift" in (guards.breach(Guards(), moved, Measured()) or "")


def test_without_guards_nothing_is_taken_back() -> None:
    assert guards.breach(None, Measured(requests=100, errors_5xx=100), WELL) is None
    quiet = Guards(drift=False)
    assert guards.breach(quiet, Measured(requests=1, drift="moved", drift_score=1.0), WELL) is None


@pytest.mark.parametrize(
    ("strategy", "steps"),
    [
        ({"kind": "all_at_once"}, [(100, 0)]),
        ({"kind": "blue_green", "bake_seconds": 60}, [(100, 60)]),
        ({"kind": "canary", "percent": 5, "bake_seconds": 60}, [(5, 60), (100, 60)]),
        ({"kind": "canary", "percent": 5, "bake_seconds": None}, [(5, None), (100, 0)]),
        (
            {"kind": "linear", "percent": 30, "bake_seconds": 10},
            [(30, 10), (60, 10), (90, 10), (100, 10)],
        ),
        ({"kind": "linear", "percent": 50, "bake_seconds": 1}, [(50, 1), (100, 1)]),
    ],
)
def test_a_strategy_is_a_list_of_steps(strategy: dict[str, Any], steps: list[Any]) -> None:
    made = Strategy.model_validate(strategy)
    assert steps_of(made) == tuple(Step(*step) for step in steps)
    assert says(made)


def test_a_step_is_over_when_it_was_held_or_never_by_itself() -> None:
    ago = NOW - dt.timedelta(seconds=60)
    assert is_over(Step(10, 60), ago, NOW)
    assert not is_over(Step(10, 61), ago, NOW)
    assert not is_over(Step(10, None), ago, NOW)


@pytest.mark.parametrize(
    ("now", "then", "count"),
    [
        ([("x", "double")], [("x", "double")], 0),
        ([("x", "double"), ("y", "long")], [("x", "double")], 0),
        ([("x", "double")], [("x", "double"), ("y", "long")], 1),
        ([("x", "double")], [("x", "string")], 1),
        ([], [], 0),
    ],
)
def test_input_differs_when_a_caller_would_be_refused(now: Any, then: Any, count: int) -> None:
    def signature(columns: list[tuple[str, str]]) -> dict[str, Any]:
        return {"inputs": [{"name": n, "dtype": d, "required": True} for n, d in columns]}

    assert len(differences(signature(now), signature(then))) == count
