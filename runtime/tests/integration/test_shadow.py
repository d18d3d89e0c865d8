"""Copies of live calls for a shadow: compared and counted, and never felt by callers."""

import json
import socket
import statistics
import time
from pathlib import Path

from tests.make.nodes import SECRET, RunningNode, a_node, a_route, a_server
from tests.make.packages import a_sleepy_package

from modelyard_protocol.records import Mirrored, Prediction, Shadowed
from modelyard_protocol.routing import Shadow, Target

from .test_fast_lane import FIRST, SECOND, an_adding_server


def a_shadow(server_id: str, percent: int = 100) -> Shadow:
    target = Target(server_id=server_id, revision=2, version=12, weight=0)
    return Shadow(target=target, percent=percent)


def called(node: RunningNode, value: float, count: int) -> list[float]:
    """Call on one connection; give how long each call took, in seconds."""
    body = json.dumps({"row": {"x": value}}).encode()
    head = f"POST /team/production/model/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    call = f"{head}\r\nAuthorization: Bearer myk_pub_{SECRET}\r\n\r\n".encode() + body
    took = []
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as connection:
        for _ in range(count):
            begun = time.perf_counter()
            connection.sendall(call)
            answer = connection.recv(65536)
            took.append(time.perf_counter() - begun)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b'"version":11' in answer
    return took


def counted(node: RunningNode) -> dict[str, int]:
    found = [record for record in node.records() if isinstance(record, Mirrored)]
    names = ("calls", "failed", "dropped", "rows", "differing")
    return {name: sum(getattr(record, name) for record in found) for name in names}


def test_a_shadow_is_compared_with_what_callers_were_told(tmp_path: Path) -> None:
    servers = [
        an_adding_server(tmp_path / "v0", 0.0),
        an_adding_server(tmp_path / "v1", 1.0, SECOND),
    ]
    route = a_route(tmp_path / "v0", {FIRST: 100}, shadow=a_shadow(SECOND, 50))
    with a_node(tmp_path / "node") as node:
        node.want(servers, [route])
        node.start(["--workers", "1"])
        node.wait_until(lambda s: [one["lane"] for one in s["servers"]] == ["compiled"] * 2)
        called(node, 5.0, 400)
        node.wait_until(lambda _: abs(counted(node)["calls"] + counted(node)["dropped"] - 200) < 3)
        found = counted(node)
        assert found["rows"] == found["differing"] == found["calls"] > 100
        assert found["failed"] == 0
        sample = next(one for one in node.records() if isinstance(one, Shadowed))
        assert json.loads(sample.response or "")["predictions"] == [5.0]
        assert (sample.predictions, sample.differs, sample.version) == ([6.0], [True], 12)
        live = [one for one in node.records() if isinstance(one, Prediction)]
        assert {one.version for one in live} == {11}  # copies are no calls


def test_a_shadow_that_hangs_costs_callers_nothing(tmp_path: Path) -> None:
    live = an_adding_server(tmp_path / "live", 0.0)
    hanging = a_server(a_sleepy_package(tmp_path / "hanging"), SECOND)
    alone = a_route(tmp_path / "live", {FIRST: 100})
    with a_node(tmp_path / "node") as node:
        node.want([live, hanging], [alone])
        node.start(["--workers", "1"])
        node.wait_ready(2)
        called(node, 9.0, 500)  # to warm up
        before = called(node, 9.0, 3000)
        node.want([live, hanging], [alone.model_copy(update={"shadow": a_shadow(SECOND)})])
        node.wait_until(lambda state: state["generation"] == 2)
        for _ in range(5):  # a busy machine may spoil some: what a shadow costs shows in all
            during = called(node, 9.0, 3000)
            p95 = [statistics.quantiles(took, n=20)[-1] * 1000 for took in (before, during)]
            if p95[1] < max(2 * p95[0], p95[0] + 1.0):
                break
        assert p95[1] < max(2 * p95[0], p95[0] + 1.0)
        assert max(during) < 2.9  # nobody waited for the shadow's three seconds
        print(f"live p95 without a shadow {p95[0]:.3f} ms, while it hangs {p95[1]:.3f} ms")  # noqa: T201 - for docs
        node.wait_until(lambda _: counted(node)["dropped"] > 2500)
