"""Real node processes for tests."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from modelyard_protocol.package import Signature, read_package
from modelyard_protocol.records import Prediction, Traffic, read_frames, read_records
from modelyard_protocol.routing import (
    DesiredState,
    Key,
    Limits,
    OAuth,
    Route,
    ServerSpec,
    Target,
)

ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cret"


def environment() -> dict[str, str]:
    """Give the environment our processes start with in tests."""
    folders = [ROOT / "protocol" / "src", ROOT / "runtime" / "src"]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def a_key(public_id: str = "pub", **changes: Any) -> Key:
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    return Key(**{"id": public_id, "public_id": public_id, "secret_sha256": digest} | changes)


def a_server(package: Path, server_id: str = "a" * 32, **changes: Any) -> ServerSpec:
    facts = {
        "id": server_id,
        "label": "team/production/model@1",
        "engine": "sklearn",
        "model_dir": str(package),
        "python": sys.executable,
        "environment_dir": sys.prefix,
        "limits": Limits(),
    }
    return ServerSpec(**facts | changes)


def a_route(package: Path, targets: dict[str, int], **changes: Any) -> Route:
    """Make a route; `targets` maps server ids to weights, revisions count from 1."""
    described = package / "MLmodel"
    signature = Signature()
    if described.is_file():
        signature = read_package(yaml.safe_load(described.read_text())).signature
    facts = {
        "workspace": "team",
        "environment": "production",
        "deployment": "model",
        "model": "breast-cancer",
        "workspace_id": 7,
        "deployment_id": "d1",
        "targets": tuple(
            Target(server_id=name, revision=at, version=at + 10, weight=weight)
            for at, (name, weight) in enumerate(targets.items(), 1)
        ),
        "keys": (a_key(),),
        "signature": signature,
    }
    return Route(**facts | changes)


class RunningNode:
    """A node process with its state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.address = f"{self.url}/team/production/model"
        self.process: subprocess.Popen[bytes] | None = None
        self.options: list[str] = []
        self.client = httpx.Client(
            headers={"Authorization": f"Bearer myk_pub_{SECRET}"}, timeout=30, trust_env=False
        )
        self.oauth: OAuth | None = None
        """Whose access tokens the next desired state believes."""
        self.generation = 0

    def start(self, options: Sequence[str] = ()) -> None:
        line = [sys.executable, "-m", "modelyard_runtime.node", "--state-dir", str(self.folder)]
        line += ["--port", str(self.port), *self.options, *options]
        self.process = subprocess.Popen(line, env=environment(), start_new_session=True)

    def want(self, servers: list[ServerSpec], routes: list[Route]) -> None:
        """Replace the desired state."""
        self.generation += 1
        state = DesiredState(
            generation=self.generation,
            servers=tuple(servers),
            routes=tuple(routes),
            oauth=self.oauth,
        )
        beside = self.folder / "desired.tmp"
        beside.write_text(state.model_dump_json())
        beside.replace(self.folder / "desired.json")

    def observed(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.folder / "observed.json").read_text())
        except FileNotFoundError:
            return {"servers": [], "generation": 0, "node_pid": 0}
        return found

    def wait_until(
        self, holds: Callable[[dict[str, Any]], Any], seconds: float = 60
    ) -> dict[str, Any]:
        """Wait for an observed state, on a busy machine three times as long."""
        end = time.monotonic() + 3 * seconds
        while time.monotonic() < end:
            found = self.observed()
            if holds(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"Not within {seconds} s: {self.observed()}")

    def wait_ready(self, count: int = 1) -> dict[str, Any]:
        assert self.process is not None
        pid = self.process.pid
        return self.wait_until(
            lambda state: (
                state["node_pid"] == pid
                and sum(server["state"] == "ready" for server in state["servers"]) == count
            )
        )

    def records(self) -> list[Prediction | Traffic]:
        """Read everything the journal holds."""
        found = []
        for path in sorted((self.folder / "journal").glob("*.journal")):
            for payload, _ in read_frames(path.read_bytes()):
                found += read_records(payload)
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=40)


@contextlib.contextmanager
def a_node(folder: Path) -> Iterator[RunningNode]:
    """Give a node that is started when asked to, and killed afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    node = RunningNode(folder)
    try:
        yield node
    finally:
        node.client.close()
        if node.process is not None and node.process.poll() is None:
            node.end(signal.SIGKILL)
