"""The life of a revision, of a deployment, and what a rollback returns to."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_protocol.routing import ObservedServer, ServerState
from modelyard_server.deployments import states
from modelyard_server.deployments.states import Status

STATUSES = st.sampled_from(list(Status))
PAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@given(st.lists(STATUSES, max_size=30))
def test_a_roll_out_becomes_ready_only_from_starting_or_shifting_and_never_after_it_ended(
    wanted: list[Status],
) -> None:
    walked = [Status.requested]
    for then in wanted:
        if states.may_follow(walked[-1], then, is_live=False):
            walked.append(states.moved(walked[-1], then, is_live=False))
    if Status.ready in walked:
        first = walked.index(Status.ready)
        assert walked[first - 1] in {Status.starting, Status.shifting}
        assert not states.ENDED & set(walked[:first])


@given(STATUSES, STATUSES, st.booleans())
def test_a_move_is_refused_exactly_when_it_may_not_follow(
    now: Status, then: Status, is_live: bool
) -> None:
    if states.may_follow(now, then, is_live=is_live):
        assert states.moved(now, then, is_live=is_live) == then
    else:
        with pytest.raises(states.ImpossibleStep):
            states.moved(now, then, is_live=is_live)


@given(STATUSES, STATUSES)
def test_a_live_revision_decides_the_deployments_status(live: Status, newest: Status) -> None:
    assert states.of_deployment(live, newest) == live
    assert states.of_deployment(None, newest) == newest


def test_stopped_is_the_end() -> None:
    assert not any(
        states.may_follow(Status.stopped, then, is_live=live)
        for then in set(Status) - {Status.stopped}
        for live in (True, False)
    )


@pytest.mark.parametrize(
    ("state", "restarts", "status"),
    [
        (ServerState.ready, 0, Status.ready),
        (ServerState.ready, 9, Status.ready),  # it recovered
        (ServerState.starting, 0, Status.degraded),
        (ServerState.crashed, 1, Status.degraded),
        (ServerState.crashed, 5, Status.failed),
        (ServerState.starting, 5, Status.failed),
    ],
)
def test_health_follows_the_server(state: ServerState, restarts: int, status: Status) -> None:
    server = ObservedServer(id="a", state=state, reason="boom", restarts=restarts, since=PAST)
    judged = states.health(server, node_is_up=True)
    assert judged.status == status
    assert (judged.reason is None) == (status == Status.ready)


@pytest.mark.parametrize(
    ("original", "reason", "waits_for", "said"),
    [
        (None, None, None, None),
        (ServerState.starting, None, None, None),  # a process: it is there in seconds
        (ServerState.starting, None, "the pod takes its files", "is starting: the pod takes"),
        (ServerState.starting, "quota", "the cluster is asked", "does not run: quota"),
        (ServerState.crashed, "quota", None, "does not run: quota"),
    ],
)
def test_a_graph_that_answers_alone_says_how_far_the_original_is(
    original: ServerState | None, reason: str | None, waits_for: str | None, said: str | None
) -> None:
    facts = {"original": original, "reason": reason, "waits_for": waits_for}
    server = ObservedServer(id="a", state=ServerState.ready, since=PAST, **facts)
    judged = states.health(server, node_is_up=True)
    assert judged.status == Status.ready
    assert (said or "") in (judged.reason or "")
    assert (judged.reason is None) == (said is None)


def test_a_missing_node_is_named_as_the_reason() -> None:
    judged = states.health(None, node_is_up=False)
    assert judged.status == Status.degraded
    assert "node" in (judged.reason or "")


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.tuples(st.integers(1, 3)))),
    st.tuples(st.integers(1, 3)),
)
def test_a_rollback_returns_to_the_newest_good_revision_that_differs(
    candidates: list[tuple[int, bool, tuple[int]]], current: tuple[int]
) -> None:
    chosen = states.previous_good(candidates, current)
    good = [number for number, was_live, what in candidates if was_live and what != current]
    assert chosen == (max(good) if good else None)
