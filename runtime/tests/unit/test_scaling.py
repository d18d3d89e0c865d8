"""How many processes there are to be: by load, by rest, and anew for one that has grown."""

import datetime as dt
from typing import Any

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import (
    DesiredState,
    LaneState,
    Limits,
    ObservedServer,
    Scaling,
    ServerSpec,
    ServerState,
)
from modelyard_runtime.scaling import CALM_SECONDS, Load, Scaler

NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def lane(lane: LaneState) -> Any:
    return lambda _: {"lane": lane, "lane_note": None, "compared": 0}


class Node:
    """A scaler with a clock and processes that are ready at once."""

    def __init__(self, scaling: Scaling | None, **limits: Any) -> None:
        self.scaler, self.now = Scaler(), 1000.0
        self.sizes: dict[str, float] = {}
        self.unready: set[str] = set()
        self.leaving: set[str] = set()
        self.restarts = 0
        self.counted: int | None = None
        self.spec = ServerSpec(
            id="v", label="l", engine="e", model_dir="m", python="p", environment_dir="d",
            scaling=scaling, limits=Limits(**limits), signature=Signature(),
        )  # fmt: skip
        self.scaler.want((self.spec,), self.now)

    def observed(self) -> list[ObservedServer]:
        return [
            ObservedServer(
                id=name,
                state=ServerState.starting if name in self.unready else ServerState.ready,
                since=NOW,
                memory_mb=self.sizes.get(name, 100.0),
                data_mb=self.sizes.get(name, 100.0),
                restarts=self.restarts if name in self.unready else 0,
            )
            for name in self.names()
        ] + [
            ObservedServer(id=name, state=ServerState.stopping, since=NOW) for name in self.leaving
        ]

    def names(self) -> list[str]:
        return [spec.id for spec in self.scaler.processes()]

    def look(self, waiting: int = 0, calls: int = 0, after: float = 1.0) -> list[str]:
        self.now += after
        self.scaler.look(
            lambda: {"v": Load(waiting, calls)}, self.observed, self.now, lambda _: self.counted
        )
        return self.names()


def test_without_scaling_there_is_one_process_however_many_calls_wait() -> None:
    node = Node(None)
    assert node.look(waiting=500) == ["v"]
    assert node.look(after=1e6) == ["v"]


def test_where_somebody_else_scales_there_are_as_many_as_there_are_pods() -> None:
    node = Node(Scaling(max_replicas=3, target_concurrency=4))
    node.counted = 1
    assert node.look(waiting=100) == ["v"]
    node.counted = 3
    assert node.look() == ["v", "v.1", "v.2"]
    node.unready, node.counted = {"v.1"}, 2  # its pod has gone
    assert node.look() == ["v", "v.2"]


def test_processes_follow_the_calls_that_wait_and_leave_after_a_calm_minute() -> None:
    node = Node(Scaling(max_replicas=3, target_concurrency=4))
    assert node.look(waiting=4) == ["v"]
    assert node.look(waiting=9) == ["v", "v.1", "v.2"]
    assert node.look(waiting=100) == ["v", "v.1", "v.2"]
    assert node.look(waiting=1) == ["v", "v.1", "v.2"]
    assert node.look(waiting=1, after=CALM_SECONDS + 1) == ["v", "v.1"]
    assert node.look(waiting=1) == ["v", "v.1"]
    assert node.look(waiting=1, after=CALM_SECONDS + 1) == ["v"]
    assert node.look(waiting=1, after=1e6) == ["v"]


def test_of_several_processes_one_that_does_not_answer_leaves_first() -> None:
    node = Node(Scaling(max_replicas=2, target_concurrency=1))
    assert node.look(waiting=2) == ["v", "v.1"]
    node.unready.add("v")
    assert node.look(after=CALM_SECONDS + 1) == ["v.1"]
    node.leaving.add("v")  # it still answers its last calls: its name is not free
    node.look()
    assert node.look(waiting=2) == ["v.1", "v.2"]


def test_it_sleeps_after_its_last_call_and_wakes_once() -> None:
    node = Node(Scaling(min_replicas=0, idle_seconds=60))
    assert node.look(calls=1, after=59) == ["v"]
    assert node.look(calls=2, after=59) == ["v"]
    assert node.look(calls=2, after=61) == []
    node.now += 39
    (asleep,) = node.scaler.shown([], lane(LaneState.native), node.now)
    assert asleep.slept_seconds == 39
    assert (asleep.id, asleep.state, asleep.replicas) == ("v", ServerState.asleep, 0)
    (compiled,) = node.scaler.shown([], lane(LaneState.compiled), node.now)
    assert (compiled.state, compiled.is_asleep) == (ServerState.ready, True)  # by its graph
    assert node.scaler.wake("v", node.now)
    assert not node.scaler.wake("v", node.now)
    assert node.names() == ["v.1"]
    table = node.scaler.table(DesiredState(generation=1, servers=(node.spec,)))
    assert [spec.id for spec in table.servers] == ["v", "v.1"]
    assert node.look(calls=3) == ["v.1"]
    assert node.look(calls=3, after=61) == []
    (again,) = node.scaler.shown([], lane(LaneState.native), node.now + 1)
    assert again.slept_seconds == 40  # both times, and nothing of the time it was awake


def test_a_version_that_its_graph_answers_for_tells_what_its_process_does() -> None:
    node = Node(None)
    node.look()
    node.unready.add("v")
    (shown,) = node.scaler.shown(node.observed(), lane(LaneState.compiled), node.now)
    assert (shown.state, shown.original) == (ServerState.ready, ServerState.starting)
    node.unready.clear()
    (shown,) = node.scaler.shown(node.observed(), lane(LaneState.compiled), node.now)
    assert (shown.state, shown.original, shown.replicas) == (ServerState.ready, None, 1)


def test_a_process_that_has_grown_leaves_once_its_successor_answers() -> None:
    node = Node(None, memory_mb=1000)
    node.look()
    node.sizes["v"] = 950.0
    node.unready.add("v.1")
    assert node.look() == ["v", "v.1"]
    assert node.look() == ["v", "v.1"]  # not yet ready
    node.unready.clear()
    assert node.look() == ["v.1"]
    node.leaving.add("v")
    (shown,) = node.scaler.shown(node.observed(), lane(LaneState.native), node.now)
    assert (shown.id, shown.state, shown.replicas) == ("v", ServerState.ready, 1)
    node.sizes["v.1"] = 950.0
    assert node.look() == ["v.1"]  # that is its size from the start


def test_growth_far_below_the_limit_is_a_leak_as_well() -> None:
    node = Node(None, memory_mb=100_000)
    node.look()
    node.sizes["v"] = 360.0
    assert node.look() == ["v", "v.1"]


def test_a_successor_that_only_crashes_does_not_take_the_place_of_a_process_that_answers() -> None:
    node = Node(None, memory_mb=1000)
    node.look()
    node.sizes["v"] = 950.0
    node.unready.add("v.1")
    assert node.look() == ["v", "v.1"]
    node.restarts = 3
    assert node.look() == ["v"]


def test_what_may_not_sleep_any_more_wakes_by_itself() -> None:
    node = Node(Scaling(min_replicas=0, idle_seconds=60))
    assert node.look(after=61) == []
    node.scaler.want((node.spec.model_copy(update={"scaling": None}),), node.now)
    assert len(node.names()) == 1
