"""Going back on the node while there is no control plane: nobody is refused, nothing is undone."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.make.nodes import RunningNode, a_node, a_route, environment

from modelyard_protocol.routing import Good, Reserve, ServerSpec, Target

from .test_fast_lane import FIRST, SECOND, an_adding_server, one_connection


def rollback(node: RunningNode, *options: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "modelyard_runtime.rollback", *options]
    return subprocess.run(
        [*line, "--state-dir", str(node.folder)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def keep(node: RunningNode, server: ServerSpec) -> None:
    """Leave a good revision 7 with the node, as the control plane does."""
    good = Good(server=server, revision=7, version=17, model="m", signature=server.signature)
    reserve = Reserve(routes={"d1": (good,)})
    (node.folder / "reserve.json").write_text(reserve.model_dump_json())


def test_a_rollback_on_the_node_loses_no_call_and_holds_until_the_control_plane_agrees(
    tmp_path: Path,
) -> None:
    bad = an_adding_server(tmp_path / "v0", 0.0)
    good = an_adding_server(tmp_path / "v1", 1.0, SECOND)
    route = a_route(tmp_path / "v0", {FIRST: 100})
    answers: list[tuple[float, bool]] = []
    failed: list[str] = []
    stop = threading.Event()
    with a_node(tmp_path / "node") as node:
        node.want([bad], [route])
        keep(node, good)
        node.start()
        node.wait_until(lambda s: [one["lane"] for one in s["servers"]] == ["compiled"])
        assert "good before: 7 (version 17)" in rollback(node, "list").stdout
        unknown = rollback(node, "rollback", "production/model", "--to", "3", "--reason", "x")
        assert (unknown.returncode, "known are: 7" in unknown.stderr) == (1, True)

        def call() -> None:
            while not stop.is_set():
                try:
                    answer = one_connection(node, 1)[0]
                except (OSError, AssertionError) as error:
                    failed.append(repr(error))
                    continue
                answers.append((time.monotonic(), b'"version":17' in answer))

        callers = [threading.Thread(target=call) for _ in range(2)]
        for caller in callers:
            caller.start()
        node.wait_until(lambda _: len(answers) > 50)
        done = rollback(node, "rollback", "production/model", "--reason", "wrong scores")
        assert done.returncode == 0, done.stderr
        at = len(answers)
        node.wait_until(lambda _: len(answers) > at + 100)
        stop.set()
        for caller in callers:
            caller.join()
        assert failed == []
        assert all(is_good for _, is_good in answers[at + 2 :])
        last_bad = max(moment for moment, is_good in answers if not is_good)
        first_good = min(moment for moment, is_good in answers if is_good)
        assert abs(last_bad - first_good) < 0.1  # every worker has switched

        node.end(signal.SIGKILL)
        node.start()
        node.wait_ready(2)
        assert b'"version":17' in one_connection(node, 1)[0]

        target = Target(server_id=SECOND, revision=8, version=17, weight=100)
        node.want([good], [route.model_copy(update={"targets": (target,)})])
        node.wait_until(lambda state: state["generation"] == 2 and not state["overrides"])
        assert b"X-Modelyard-Revision: 8" in one_connection(node, 1)[0]
