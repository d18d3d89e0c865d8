"""Ingestion of metrics, ours and `mlflow server` beside each other in one run.

    python benchmarks/tracking.py [--seconds 10] [--clients 4] [--postgres]

Both servers run as they are started by default, on this machine, with fresh data; the load is plain
HTTP with kept-alive connections, the same bytes for both. Prints a Markdown table.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
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
from tests.make.postgres import postgres_server  # noqa: E402

API = "/api/2.0/mlflow"
BATCH = 1000


@dataclass
class Server:
    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    pid: int = 0

    def client(self) -> httpx.Client:
        headers = {**self.headers, "Content-Type": "application/json"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


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
        deadline = time.monotonic() + 120
        while True:
            if started.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((folder / "server.log").read_text()[-3000:])
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield started.pid
    finally:
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
            kind = "PostgreSQL" if database_url else "SQLite"
            token_header = {"Authorization": f"Bearer {token}"}
            yield Server(f"Modelyard, {kind}", address, token_header, pid)


@contextlib.contextmanager
def theirs(database_url: str | None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        store = database_url or f"sqlite:///{folder / 'mlflow.db'}"
        argv = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
        argv += ["--backend-store-uri", store, "--artifacts-destination", str(folder / "files")]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder) as pid:
            kind = "PostgreSQL" if database_url else "SQLite"
            yield Server(f"mlflow server, {kind}", address, pid=pid)


def started_run(client: httpx.Client) -> str:
    answer = client.post(f"{API}/runs/create", json={"experiment_id": "0", "start_time": 1})
    answer.raise_for_status()
    return str(answer.json()["run"]["info"]["run_id"])


def load(server: Server, clients: int, seconds: float, size: int) -> tuple[float, list[float]]:
    """Log points from several clients; give points a second and the latencies in ms."""
    latencies: list[float] = []
    stop_at = time.monotonic() + seconds

    def work() -> None:
        with server.client() as client:
            run, number = started_run(client), 0
            while number == 0 or time.monotonic() < stop_at:
                path, body = request(run, number, size)
                begun = time.perf_counter()
                client.post(path, content=body).raise_for_status()
                latencies.append((time.perf_counter() - begun) * 1000)
                number += 1

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(latencies) * size / (time.monotonic() - begun), latencies


def request(run: str, number: int, size: int) -> tuple[str, bytes]:
    now = int(time.time() * 1000)
    if size == 1:
        point = {"run_id": run, "key": "loss", "value": 0.5, "timestamp": now, "step": number}
        return f"{API}/runs/log-metric", json.dumps(point).encode()
    points = [
        {"key": f"m{n % 20}", "value": n / 7, "timestamp": now, "step": number * 50 + n // 20}
        for n in range(size)
    ]
    return f"{API}/runs/log-batch", json.dumps({"run_id": run, "metrics": points}).encode()


def report(server: Server, clients: int, seconds: float) -> str:
    cells = [server.name]
    for many, size in ((1, 1), (1, BATCH), (clients, BATCH)):
        load(server, 1, min(1.0, seconds / 4), size)  # warm
        rate, latencies = load(server, many, seconds, size)
        tail = statistics.quantiles(latencies, n=20)[-1] if len(latencies) > 1 else latencies[0]
        cells.append(f"{rate:,.0f} ({statistics.median(latencies):.1f} / {tail:.1f})")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="length of each measurement")
    parser.add_argument("--clients", type=int, default=4, help="clients of the last column")
    parser.add_argument("--postgres", action="store_true", help="also on a throw-away PostgreSQL")
    options = parser.parse_args()

    print("Points a second (p50 / p95 of a request in ms).\n")
    print(f"| server | log-metric, 1 client | log-batch of {BATCH}, 1 client |", end="")
    print(f" log-batch of {BATCH}, {options.clients} clients |\n| --- | --- | --- | --- |")
    for server in (ours, theirs):
        with server(None) as running:
            print(report(running, options.clients, options.seconds), flush=True)
    if options.postgres:
        for server in (ours, theirs):
            with postgres_server() as url:
                driver = url.replace("postgresql://", "postgresql+psycopg://")
                with server(driver) as running:
                    print(report(running, options.clients, options.seconds), flush=True)


if __name__ == "__main__":
    main()
