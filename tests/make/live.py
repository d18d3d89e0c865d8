"""Servers on real ports, for clients that speak HTTP: in a thread, or as a process to kill."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from modelyard_server.app import compose, create_app
from modelyard_server.kernel import starting
from modelyard_server.settings import Settings

from .fixtures import Platform, TeamSpace, make_platform

ROOT = Path(__file__).parents[2]
SOURCES = [str(ROOT)] + [str(ROOT / p / "src") for p in ("protocol", "server", "runtime", "sdk")]


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an app from a thread; give its address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", ws="none"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    app.state.is_stopping = lambda: server.should_exit
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 90
    while not server.started:
        assert time.monotonic() < deadline, "The server did not start."
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(15)
        listener.close()


@pytest.fixture
def live_server(platform: Platform) -> Iterator[str]:
    with serving(platform.app) as url:
        yield url


@dataclass
class ServerProcess:
    """A control plane process on its own data folder; `kill` is `kill -9`."""

    folder: Path
    workspace: TeamSpace
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    file_limit_bytes: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        argv = [sys.executable, "-m", "tests.make.live", str(self.folder), str(self.port)]
        argv.append(str(self.file_limit_bytes))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
        self.process = subprocess.Popen(argv, cwd=ROOT, env=environment)
        deadline = time.monotonic() + 90
        while True:
            assert self.process.poll() is None, "The server process ended."
            try:
                if httpx.get(f"{self.url}/health", timeout=60).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, "The server process did not start."
            time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def restart(self) -> None:
        self.kill()
        self.start()


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[ServerProcess]:
    made = make_platform(f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path)
    process = ServerProcess(tmp_path, made.a_workspace())
    yield process
    if process.process is not None and process.process.poll() is None:
        process.kill()
    made.database.engine.dispose()


def main(folder: str, port: str, file_limit_bytes: str, url: str = "") -> None:
    """Serve a data folder whose tables exist. A limit on file sizes stands in for a full disk."""
    if int(file_limit_bytes):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(file_limit_bytes), int(file_limit_bytes)))
    url = url or f"sqlite:///{Path(folder) / 'modelyard.db'}"
    settings = Settings(data_dir=Path(folder), database_url=url, manage_node=False)
    app = create_app(compose(settings), run_background=False)
    starting.done()  # as the real start does
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
