"""Starts what benchmarks compare: ours, `mlflow server` and `fasttrackml`, each as documented."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from tests.make.fixtures import make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.redis import redis_server  # noqa: E402

API = "/api/2.0/mlflow"
PEERS = ROOT / ".make" / "peers"  # packages that only benchmarks need
FASTTRACKML = "fasttrackml==0.6.0"


@dataclass
class Server:
    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    pid: int = 0

    def client(self) -> httpx.Client:
        headers = {**self.headers, "Content-Type": "application/json"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


Starter = Callable[[str | None], AbstractContextManager[Server]]


@contextlib.contextmanager
def process(argv: list[str], url: str, folder: Path, **environment: str) -> Iterator[int]:
    """Run a server in a session of its own until it answers; stop the whole session after."""
    with (folder / "server.log").open("wb") as log:
        started = subprocess.Popen(
            argv,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 300
        while True:
            if started.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "server.log").read_text()[-3000:])
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield started.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


@contextlib.contextmanager
def ours(database_url: str | None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        token = made.a_workspace().a_token("developer")
        made.database.engine.dispose()
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder, PYTHONPATH=os.pathsep.join(SOURCES)) as pid:
            headers = {"Authorization": f"Bearer {token}"}
            yield Server(f"Modelyard, {kind(database_url)}", address, headers, pid)


@contextlib.contextmanager
def several(database_url: str | None) -> Iterator[Server]:
    """Start ours as in production: the real command, an API process for each core, and Redis."""
    if database_url is None:
        raise SystemExit("SQLite has one writer: there are no several processes.")
    count = os.cpu_count() or 2
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        folder, port = Path(name), a_free_port()
        redis_url, _ = stack.enter_context(redis_server(folder))
        settings = {
            "PYTHONPATH": os.pathsep.join(SOURCES),
            "MODELYARD_API_PROCESSES": str(count),
            "MODELYARD_DATA_DIR": name,
            "MODELYARD_DATABASE_URL": database_url,
            "MODELYARD_MANAGE_NODE": "false",
            "MODELYARD_REDIS_URL": redis_url,
        }
        argv = [sys.executable, "-m", "modelyard_server", "serve", "--port", str(port)]
        address = f"http://127.0.0.1:{port}"
        pid = stack.enter_context(process(argv, address, folder, **settings))
        made = make_platform(database_url, folder, has_tables=True)
        token = made.a_workspace().a_token("developer")
        made.database.engine.dispose()
        headers = {"Authorization": f"Bearer {token}"}
        yield Server(f"Modelyard, {count} API processes", address, headers, pid)


@contextlib.contextmanager
def theirs(database_url: str | None) -> Iterator[Server]:
    """Start `mlflow server` with its defaults, which are four workers."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        store = database_url or f"sqlite:///{folder / 'mlflow.db'}"
        argv = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
        argv += ["--backend-store-uri", store, "--artifacts-destination", str(folder / "files")]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder) as pid:
            yield Server(f"mlflow server, {kind(database_url)}", address, pid=pid)


@contextlib.contextmanager
def fasttrackml(database_url: str | None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        store = database_url or f"sqlite://{folder / 'fasttrackml.db'}"
        argv = [str(_installed_fasttrackml()), "server", "--listen-address", f"127.0.0.1:{port}"]
        argv += ["--database-uri", store.replace("postgresql+psycopg://", "postgres://")]
        argv += ["--default-artifact-root", str(folder / "files"), "--log-level", "error"]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder) as pid:
            yield Server(f"fasttrackml, {kind(database_url)}", address, pid=pid)


def kind(database_url: str | None) -> str:
    return "PostgreSQL" if database_url else "SQLite"


def started_run(client: httpx.Client) -> str:
    answer = client.post(f"{API}/runs/create", json={"experiment_id": "0", "start_time": 1})
    answer.raise_for_status()
    return str(answer.json()["run"]["info"]["run_id"])


def _installed_fasttrackml() -> Path:
    """Install the peer beside everything else, once; give its program."""
    program = PEERS / "bin" / "fml"
    if not program.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--allow-existing", str(PEERS)], check=True)
        python = str(PEERS / "bin" / "python")
        subprocess.run([uv, "pip", "install", "-q", "--python", python, FASTTRACKML], check=True)
    return program
