"""A real installation: the process `make run` starts, on free ports and an empty data folder."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
SOURCES = os.pathsep.join(str(ROOT / p / "src") for p in ("protocol", "server", "runtime", "sdk"))


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """Modelyard as a process, with its data folder."""

    folder: Path
    port: int = field(default_factory=a_free_port)
    gateway_port: int = field(default_factory=a_free_port)
    process: subprocess.Popen[str] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    """More of the environment it is started with."""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def output(self) -> str:
        return (self.folder / "console.txt").read_text()

    def start(self) -> None:
        """Start, or start again after a kill, and wait until it is ready."""
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MODELYARD_", "MLFLOW_"))},
            "PYTHONPATH": SOURCES,
            "PYTHONUNBUFFERED": "1",
            **self.settings,
        }
        argv = [sys.executable, "-m", "modelyard_server", "serve", "--port", str(self.port)]
        argv += ["--gateway-port", str(self.gateway_port), "--data-dir", str(self.folder / "data")]
        with (self.folder / "console.txt").open("a") as console:
            self.process = subprocess.Popen(
                argv, cwd=ROOT, env=environment, stdout=console, stderr=console, text=True
            )
        wait_for(self._is_ready, 60, lambda: f"Modelyard did not start:\n{self.output[-4000:]}")

    def _is_ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"Modelyard ended:\n{self.output[-4000:]}")
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=60).status_code == 200
        return False

    def setup_link(self) -> str:
        """Give the one-time link that was printed."""
        found = re.findall(r"http://\S+/setup\?token=\S+", self.output)
        assert found, f"No setup link in:\n{self.output}"
        return str(found[-1])

    def kill(self) -> None:
        """`kill -9` of the control plane alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def node_pid(self) -> int:
        """Give the node's process; one that starts this moment is waited for until it says so."""
        told: list[str] = []

        def is_told() -> bool:
            told[:] = re.findall(r"\d+", (self.folder / "data/node/node.lock").read_text())
            return bool(told)

        wait_for(is_told, 20, lambda: "The node's lock names no process.")
        return int(told[0])

    def stop(self) -> None:
        """Stop as Ctrl-C does; the node must go with it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


@contextmanager
def an_installation(folder: Path, **settings: str) -> Iterator[Installation]:
    made = Installation(folder, settings=settings)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        with suppress(OSError, AssertionError):  # after a test that killed things
            os.kill(made.node_pid(), signal.SIGKILL)


def wait_for(condition, seconds: float, complaint) -> None:  # type: ignore[no-untyped-def]
    """Poll until a condition holds; fail with the complaint's text.

    The seconds are a quiet machine's; one that runs other tests as well gets three times as many.
    """
    deadline = time.monotonic() + 3 * seconds
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.1)
