"""The node of this machine as a real process: started, kept, adopted, stopped."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from modelyard_protocol.routing import DesiredState
from modelyard_server.adapters.compute.keeper import holder
from modelyard_server.adapters.compute.local import LocalNode
from modelyard_server.deployments.errors import NodeUnreachable
from modelyard_server.settings import Settings


def _until(holds: Callable[[], object], seconds: float = 90) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Settings(data_dir=tmp_path, gateway_port=probe.getsockname()[1])


@pytest.fixture
def node(settings: Settings) -> Iterator[LocalNode]:
    made = LocalNode(settings)
    made.start()
    _until(made.is_up)
    yield made
    made.stop()


def _pid(settings: Settings) -> int:
    found = holder(settings.data_dir / "node" / "node.lock")
    return found.pid if found else 0


def test_a_killed_node_is_back_and_follows_what_was_asked_for(
    node: LocalNode, settings: Settings
) -> None:
    node.apply(DesiredState(generation=41))
    _until(lambda: node.observed() and node.observed().generation == 41)  # type: ignore[union-attr]
    before = _pid(settings)

    os.kill(before, signal.SIGKILL)

    _until(lambda: _pid(settings) not in (0, before))
    _until(lambda: node.observed() and node.observed().node_pid == _pid(settings))  # type: ignore[union-attr]
    _until(lambda: node.observed() and node.observed().generation == 41)  # type: ignore[union-attr]
    assert node.observed().generation == 41  # type: ignore[union-attr]


def test_a_running_node_is_adopted_by_the_next_control_plane(
    node: LocalNode, settings: Settings
) -> None:
    before = _pid(settings)
    second = LocalNode(settings)
    second.start()
    assert _pid(settings) == before
    second.stop()  # a graceful stop ends the node, also an adopted one
    _until(lambda: not Path(f"/proc/{before}").exists() or _pid(settings) != before)


def test_a_stop_right_after_the_start_leaves_no_node(settings: Settings) -> None:
    node = LocalNode(settings)
    node.start()

    node.stop()

    folder = str(settings.data_dir)
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if folder in str(p.info["cmdline"])]
    assert left == []


def test_a_node_on_another_port_is_replaced(node: LocalNode, settings: Settings) -> None:
    before = _pid(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    node._keeper._stop.set()  # as after a kill -9 of the control plane: nobody keeps it
    moved = LocalNode(settings.model_copy(update={"gateway_port": port}))
    moved.start()
    try:
        _until(lambda: _pid(settings) not in (0, before))
        _until(lambda: moved.observed() and moved.observed().port == port)  # type: ignore[union-attr]
    finally:
        moved.stop()


def test_stopping_ends_the_node_and_calls_are_refused_with_a_reason(settings: Settings) -> None:
    node = LocalNode(settings)
    node.apply(DesiredState(generation=1))
    node.start()
    _until(lambda: node.observed() and node.observed().generation == 1)  # type: ignore[union-attr]
    assert node.call("/team/dev/none/predict", b"{}", {}).status == 401
    node.stop()
    assert _pid(settings) == 0
    with pytest.raises(NodeUnreachable):
        node.call("/team/dev/none/predict", b"{}", {})
