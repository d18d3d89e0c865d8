"""The chart of a metric of 1,000,000 points: first look, later looks, and while the run logs on.

    python benchmarks/history.py [--points 1000000] [--no-postgres]

Points go in by `log-batch` of 1,000 over HTTP, as a client sends them. The server is started anew
before the first look, so nothing of the history is in its memory. Processor time is of the
server's processes, without the database's own. The lowest and highest value logged must be among
what is shown.
"""

import argparse
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.artifacts import family  # noqa: E402
from benchmarks.conditions import cpu_seconds, told  # noqa: E402
from benchmarks.servers import API, kind, process, started_run  # noqa: E402
from tests.make.fixtures import make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

BATCH = 1000
SHOWN = 1000
LOOKS = 20


class History:
    """A run whose one metric has many points."""

    def __init__(self) -> None:
        self.run = ""
        self._made = random.Random(1)
        self._values: list[float] = []

    def log(self, client: httpx.Client, count: int) -> float:
        """Log some more points, one of them a spike; give the milliseconds it took."""
        self.run = self.run or started_run(client)
        start = len(self._values)
        values = [self._made.random() for _ in range(count)]
        values[self._made.randrange(count)] = self._made.uniform(-1000, 1000)
        self._values += values
        metrics = [
            {"key": "loss", "value": value, "timestamp": 1, "step": start + place}
            for place, value in enumerate(values)
        ]
        begun = time.perf_counter()
        body = {"run_id": self.run, "metrics": metrics}
        client.post(f"{API}/runs/log-batch", json=body).raise_for_status()
        return (time.perf_counter() - begun) * 1000

    def look_after_a_point(self, client: httpx.Client) -> float:
        """Ask for the chart when something was logged; the point is not counted."""
        self.log(client, 1)
        return self.look(client)

    def look(self, client: httpx.Client) -> float:
        """Ask for the chart; give the milliseconds it took, once what it shows is right."""
        begun = time.perf_counter()
        asked = {"key": "loss", "max_points": SHOWN}
        answer = client.get(f"/api/v1/runs/{self.run}/metrics", params=asked)
        took = (time.perf_counter() - begun) * 1000
        answer.raise_for_status()
        found = answer.json()
        shown = [point["value"] for point in found["points"]]
        assert found["total_points"] == len(self._values), found["total_points"]
        assert (min(shown), max(shown)) == (min(self._values), max(self._values))
        return took


def measured(pid: int, look: Callable[[], float], times: int) -> str:
    before = cpu_seconds(family(pid))
    found = [look() for _ in range(times)]
    used = (cpu_seconds(family(pid)) - before) * 1000 / times
    return f"{statistics.median(found):.1f} | {used:.1f}"


def report(database_url: str | None, points: int) -> None:
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        token = made.a_workspace().a_token("developer")
        made.database.engine.dispose()
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address, where = f"http://127.0.0.1:{port}", kind(database_url)
        paths = {"PYTHONPATH": os.pathsep.join(SOURCES)}
        headers = {"Authorization": f"Bearer {token}"}
        client = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=120))
        history, other = History(), History()
        with process(argv, address, folder, **paths) as pid:
            other.log(client, BATCH)
            batches = points // BATCH
            said = measured(pid, lambda: history.log(client, BATCH), batches)
            print(f"| {where}: a batch of {BATCH:,} logged | {said} |", flush=True)
        with process(argv, address, folder, **paths) as pid:
            other.look(client)  # signs in, and loads NumPy, once for each process
            rows = (
                ("first look", 1, lambda: history.look(client)),
                ("unchanged", LOOKS, lambda: history.look(client)),
                (
                    "one more point logged, and looked",
                    LOOKS,
                    lambda: history.look_after_a_point(client),
                ),
            )
            for name, times, look in rows:
                print(f"| {where}: {name} | {measured(pid, look, times)} |", flush=True)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args()
    print(told())
    print(f"\nOne metric of {options.points:,} points, {SHOWN:,} shown\n")
    print("| what | ms, median | of processor time |\n| --- | ---: | ---: |", flush=True)
    report(None, options.points)
    if not options.no_postgres:
        with postgres_server() as url:
            report(url.replace("postgresql://", "postgresql+psycopg://"), options.points)


if __name__ == "__main__":
    main()
