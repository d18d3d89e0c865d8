"""Processes of one version: more under load, none at rest, a new one for one that leaks."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.make.nodes import RunningNode, a_node, a_route, a_server
from tests.make.packages import Runs, a_pickled_package

from modelyard_protocol.records import Traffic
from modelyard_protocol.routing import Limits, Scaling

ONE = "a" * 32


def call(node: RunningNode, value: float, **headers: str) -> tuple[int, dict[str, str]]:
    named = {name.replace("_", "-"): told for name, told in headers.items()}
    named = {"X-Wake-Timeout": "120"} | named
    address = f"{node.address}/predict"
    answer = node.client.post(address, json={"row": {"x": value}}, headers=named, timeout=180)
    return answer.status_code, dict(answer.headers)


def the_server(node: RunningNode) -> dict[str, Any]:
    return next(iter(node.observed()["servers"]), {})


def seen(node: RunningNode, holds: Callable[[dict[str, Any]], Any], seconds: float = 60) -> None:
    node.wait_until(lambda _: holds(the_server(node)), seconds)


def a_slow_package(folder: Path) -> Path:
    """Write a package that answers x with x after half a second, and at once below 5."""
    think = "__import__('time').sleep(0.5 if float(f['x'].iloc[0]) > 5 else 0)"
    code = f"__import__('types').SimpleNamespace(predict=lambda f: {think} or f['x'].tolist())"
    return a_pickled_package(folder, Runs(code, eval), ["x"], [1.0])


def counted(node: RunningNode) -> dict[str, int]:
    """Count what the journal says was answered, by status."""
    found: dict[str, int] = {}
    for record in node.records():
        if isinstance(record, Traffic):
            for status, calls in record.by_status.items():
                found[status] = found.get(status, 0) + calls
    return found


def test_processes_follow_the_load_sleep_and_wake_and_every_call_is_counted_once(
    tmp_path: Path,
) -> None:
    package = a_slow_package(tmp_path / "m")
    route = a_route(package, {ONE: 100})
    busy = Scaling(max_replicas=2, target_concurrency=1)
    resting = Scaling(min_replicas=0, max_replicas=2, target_concurrency=1, idle_seconds=1.0)
    statuses: list[int] = []
    with a_node(tmp_path / "node") as node:
        node.want([a_server(package, ONE, scaling=busy)], [route])
        node.start(["--workers", "2"])
        node.wait_ready()
        is_enough = threading.Event()

        def go_on() -> None:
            while not is_enough.is_set():
                statuses.append(call(node, 9.0)[0])

        callers = [threading.Thread(target=go_on) for _ in range(3)]
        for one in callers:
            one.start()
        try:
            seen(node, lambda server: server["replicas"] == 2)
            os.kill(the_server(node)["pid"], signal.SIGKILL)
            seen(node, lambda server: server["replicas"] == 1)
            at = len(statuses) + len(callers)  # those in flight may have been lost
            node.wait_until(lambda _: len(statuses) > at)
        finally:
            is_enough.set()
            for one in callers:
                one.join()
        assert set(statuses[at:]) == {200}

        node.want([a_server(package, ONE, scaling=resting)], [route])
        seen(node, lambda server: server["state"] == "asleep")
        assert the_server(node)["pid"] is None
        assert node.client.get(f"{node.address}/v2/health/ready").status_code == 200
        status, headers = call(node, 1.0, X_Wake_Timeout="0")
        assert (status, headers["retry-after"]) == (503, "5")
        statuses.append(status)
        with ThreadPoolExecutor(4) as pool:
            held = [status for status, _ in pool.map(lambda _: call(node, 2.0), range(4))]
        assert held == [200] * 4
        expected = {str(one): (statuses + held).count(one) for one in (statuses + held)}
        node.wait_until(lambda _: counted(node) == expected)


def a_leaking_package(folder: Path) -> Path:
    """Write a package that keeps 50 MB of every call over 5."""
    keep = "kept.append(bytearray(50_000_000)) if float(f['x'].iloc[0]) > 5 else None"
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
        spec = a_server(package, ONE, limits=Limits(memory_mb=1200))
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
            room = 1200 - the_server(node)["data_mb"]
            assert room > 600  # no library reserves it for itself
            statuses += [call(node, 6.0)[0] for _ in range(int(room * 0.84 / 50) + 1)]
            seen(node, lambda s: s.get("pid") not in (None, first) and s["replicas"] == 1)
            at = len(statuses)
            node.wait_until(lambda _: len(statuses) > at + 20)
        finally:
            stop.set()
            caller.join()
        assert set(statuses) == {200}
        assert the_server(node)["restarts"] == 0
