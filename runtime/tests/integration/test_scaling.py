"""Processes of one version: more under load, none at rest, a new one for one that leaks."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.make.nodes import RunningNode, a_node, a_route, a_server
from tests.make.packages import Runs, a_pickled_package, a_sleepy_package

from modelyard_protocol.routing import Limits, Scaling

ONE = "a" * 32


def call(node: RunningNode, value: float, **headers: str) -> tuple[int, dict[str, str], float]:
    began = time.monotonic()
    named = {name.replace("_", "-"): told for name, told in headers.items()}
    answer = node.client.post(f"{node.address}/predict", json={"row": {"x": value}}, headers=named)
    return answer.status_code, dict(answer.headers), time.monotonic() - began


def the_server(node: RunningNode) -> dict[str, Any]:
    return next(iter(node.observed()["servers"]), {})


def seen(node: RunningNode, holds: Callable[[dict[str, Any]], Any], seconds: float = 60) -> None:
    node.wait_until(lambda _: holds(the_server(node)), seconds)


def test_a_version_sleeps_without_calls_and_the_next_call_waits_until_it_is_awake(
    tmp_path: Path,
) -> None:
    package = a_sleepy_package(tmp_path / "m")
    scaling = Scaling(min_replicas=0, max_replicas=2, target_concurrency=1, idle_seconds=4.0)
    with a_node(tmp_path / "node") as node:
        node.want([a_server(package, ONE, scaling=scaling)], [a_route(package, {ONE: 100})])
        node.start(["--workers", "2"])
        node.wait_ready()
        is_enough = threading.Event()

        def dawdle() -> None:
            while not is_enough.is_set():
                call(node, 9.0)

        slow = [threading.Thread(target=dawdle) for _ in range(3)]
        for one in slow:
            one.start()
        try:
            seen(node, lambda server: server["replicas"] == 2)
        finally:
            is_enough.set()
            for one in slow:
                one.join()
        seen(node, lambda server: server["state"] == "asleep")
        assert the_server(node)["pid"] is None
        assert node.client.get(f"{node.address}/v2/health/ready").status_code == 200

        status, headers, took = call(node, 1.0, X_Wake_Timeout="0")
        assert (status, headers["retry-after"], took < 1) == (503, "5", True)
        results: list[int] = []
        held = [
            threading.Thread(target=lambda: results.append(call(node, 2.0)[0])) for _ in range(4)
        ]
        for one in held:
            one.start()
        for one in held:
            one.join()
        assert results == [200] * 4
        assert the_server(node)["replicas"] >= 1


def a_leaking_package(folder: Path) -> Path:
    """Write a package that keeps 20 MB of every call over 5."""
    keep = "kept.append(bytearray(20_000_000)) if float(f['x'].iloc[0]) > 5 else None"
    code = "(lambda kept: __import__('types').SimpleNamespace("
    code += f"predict=lambda f: [{keep}] and f['x'].tolist()))([])"
    return a_pickled_package(folder, Runs(code, eval), ["x"], [1.0])


def test_a_process_that_leaks_is_replaced_before_it_is_killed_and_no_call_fails(
    tmp_path: Path,
) -> None:
    package = a_leaking_package(tmp_path / "m")
    statuses: list[int] = []
    stop = threading.Event()
    with a_node(tmp_path / "node") as node:
        spec = a_server(package, ONE, limits=Limits(memory_mb=2000))
        node.want([spec], [a_route(package, {ONE: 100})])
        node.start(["--workers", "1"])
        node.wait_ready()
        first = the_server(node)["pid"]

        def go_on() -> None:
            while not stop.is_set():
                statuses.append(call(node, 1.0)[0])
                stop.wait(0.01)

        caller = threading.Thread(target=go_on)
        caller.start()
        try:
            seen(node, lambda server: server["data_mb"] > 0)
            room = 2000 - the_server(node)["data_mb"]
            statuses += [call(node, 6.0)[0] for _ in range(int(room * 0.86 / 20) + 1)]
            seen(node, lambda s: s.get("pid") not in (None, first) and s["replicas"] == 1, 90)
            at = len(statuses)
            node.wait_until(lambda _: len(statuses) > at + 20)
        finally:
            stop.set()
            caller.join()
        assert set(statuses) == {200}
        assert the_server(node)["restarts"] == 0
