"""Outcomes of calls that left the log: joined, measured and searched, all through HTTP.

    python benchmarks/late_outcomes.py [--calls 1000000] [--outcomes 500000] [--no-postgres]

Calls are kept rows of 30 inputs (20 numbers, 10 categories) over seven days, in segments as capture
writes them; the log holds none of them. Outcomes go in as one CSV file. What realised quality and
the segment scan say must equal what numpy and DuckDB say of the raw rows. Memory is what the
server's resident set was higher while it was asked than before its first question. Work of the
background is done in the process of the benchmark.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
from sklearn import metrics

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.artifacts import family  # noqa: E402
from benchmarks.conditions import cpu_seconds, told  # noqa: E402
from benchmarks.servers import kind, process  # noqa: E402
from tests.make import monitoring as make  # noqa: E402
from tests.make.fixtures import Platform, TeamSpace, make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

from modelyard_protocol.package import Column, DType, Signature  # noqa: E402
from modelyard_server.artifacts import service as artifacts  # noqa: E402
from modelyard_server.artifacts.ports import BlobStore  # noqa: E402
from modelyard_server.kernel.clock import utcnow  # noqa: E402
from modelyard_server.monitoring import outcome_hours, recall, segments  # noqa: E402
from modelyard_server.monitoring.models import CaptureSegment  # noqa: E402

DAYS, SEGMENT = 7, 10_000
NUMBERS = [f"number {n}" for n in range(20)]
WORDS = [f"word {n}" for n in range(10)]
BAD = "w3"
SIGNATURE = Signature(
    inputs=tuple(
        [Column(name=name, dtype=DType.double) for name in NUMBERS]
        + [Column(name=name, dtype=DType.string) for name in WORDS]
    ),
    outputs=(Column(name="prediction", dtype=DType.double),),
)


class Calls:
    """Kept calls of one deployment, and what came of the first of them."""

    def __init__(self, calls: int, outcomes: int) -> None:
        self._made = np.random.default_rng(1)
        end = int(time.time()) // 3600 * 3600
        self.at_us = np.sort(
            self._made.integers((end - (DAYS - 1) * 86400) * 10**6, end * 10**6, calls)
        )
        noise = self._made.integers(0, 2**62, calls)
        self.ids = [
            f"{at // 1000:012x}{n:020x}"
            for at, n in zip(self.at_us.tolist(), noise.tolist(), strict=True)
        ]
        self.score = np.round(self._made.random(calls), 6)
        self.bad = self._made.integers(0, 8, calls)  # the value of the first category
        told = self._made.permutation(calls)[:outcomes]
        self.told = np.sort(told)
        truth = np.where(self.bad[self.told] == int(BAD[1:]), 0.5, self.score[self.told])
        self.actual = (self._made.random(outcomes) < truth).astype(int)

    def tables(self) -> Iterator[pa.Table]:
        """Give the kept rows in files as capture writes them."""
        for start in range(0, len(self.ids), SEGMENT):
            yield self._table(start, min(start + SEGMENT, len(self.ids)))

    def _table(self, start: int, end: int) -> pa.Table:
        rows = end - start
        facts: dict[str, Any] = {
            "prediction_id": self.ids[start:end],
            "row": pa.array([0] * rows, pa.int32()),
            "at": pa.array(self.at_us[start:end], pa.timestamp("us", tz="UTC")),
            "revision": pa.array([1] * rows, pa.int32()),
            "version": pa.array([1] * rows, pa.int32()),
            "status": pa.array([200] * rows, pa.int16()),
            "weight": [1.0] * rows,
        }
        for name in NUMBERS:
            facts[segments.INPUT + name] = self._made.normal(size=rows)
        for n, name in enumerate(WORDS):
            drawn = self.bad[start:end] if n == 0 else self._made.integers(0, 5 + 20 * n, rows)
            facts[segments.INPUT + name] = np.char.add("w", drawn.astype(str))
        facts[segments.OUTPUT + "prediction"] = self.score[start:end]
        return pa.table(facts)

    def csv(self) -> bytes:
        """Write the outcomes as the file that is sent."""
        lines = [
            f"{self.ids[at]},{value}\n"
            for at, value in zip(self.told.tolist(), self.actual.tolist(), strict=True)
        ]
        return ("prediction_id,value\n" + "".join(lines)).encode()

    def check(self, quality: dict[str, Any], slices: dict[str, Any], part: dict[str, Any]) -> None:
        """Compare answers with the raw rows."""
        said = self.score[self.told]
        found = {one["name"]: one["value"] for one in quality["total"]["measures"]}
        right = (said >= 0.5) == self.actual
        assert quality["total"]["n"] == len(self.told), quality["total"]["n"]
        assert abs(found["accuracy"] - right.mean()) < 1e-9, found
        assert abs(found["auc"] - metrics.roc_auc_score(self.actual, said)) < 1e-9, found
        assert abs(found["log_loss"] - metrics.log_loss(self.actual, said)) < 1e-9, found
        inside = self.bad[self.told] == int(BAD[1:])
        worst = slices["slices"][0]
        assert (worst["feature"], worst["label"]) == (WORDS[0], BAD), worst
        assert worst["rows"] == int(inside.sum()), worst
        assert abs(worst["loss"] - (1 - right[inside].mean())) < 1e-9, worst
        assert part["n"] == int(inside.sum()), part


def keep(platform: Platform, workspace: TeamSpace, calls: Calls, folder: Path) -> make.Watched:
    """Put the rows where capture puts them."""
    watched = make.a_watched_deployment(workspace, folder, signature=SIGNATURE)
    blobs = platform.services.get(BlobStore)  # type: ignore[type-abstract]
    for number, table in enumerate(calls.tables()):
        path = f"captures/{watched.id}/{number}.parquet"
        content = segments.write(table)
        with platform.database.session(workspace.id) as db:
            artifacts.store(db, blobs, path, content)
            db.add(
                CaptureSegment(
                    deployment_id=watched.id,
                    path=path,
                    first_at=table["at"][0].as_py(),
                    last_at=table["at"][-1].as_py(),
                    rows=table.num_rows,
                    size_bytes=len(content),
                    created_at=utcnow(),
                )
            )
    return watched


class Memory(threading.Thread):
    """Follows what a process has in memory; `highest` is reset by whoever reads it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self.highest = pid, 0.0

    def run(self) -> None:
        """Look fifty times a second until the process is gone."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                self.highest = max(self.highest, self.now())
                time.sleep(0.02)

    def now(self) -> float:
        """Give MB."""
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Asked:
    """Questions to a running server, each with its seconds, processor time and memory."""

    def __init__(self, client: httpx.Client, pid: int, where: str) -> None:
        self._client, self._pid, self._where = client, pid, where
        self._memory = Memory(pid)
        self._memory.start()
        client.get("/api/v1/deployments").raise_for_status()
        self.idle = self._memory.now()

    def get(self, name: str, path: str, **params: str) -> Any:
        """Ask and print a line."""
        return self.line(name, lambda: self._client.get(path, params=params))

    def line(self, name: str, ask: Any) -> Any:
        """Ask and print a line."""
        self._memory.highest = 0.0
        used, begun = cpu_seconds(family(self._pid)), time.perf_counter()
        answer = ask()
        took = time.perf_counter() - begun
        answer.raise_for_status()
        used = cpu_seconds(family(self._pid)) - used
        more = self._memory.highest - self.idle
        print(f"| {self._where}: {name} | {took:.2f} | {used:.2f} | {more:.0f} |", flush=True)
        return answer.json()


def report(database_url: str | None, calls: Calls) -> None:
    """Fill one server and ask it."""
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        workspace = made.a_workspace()
        token = workspace.a_token("developer")
        watched = keep(made, workspace, calls, folder / "journals")
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address, where = f"http://127.0.0.1:{port}", kind(database_url)
        paths = {"PYTHONPATH": os.pathsep.join(SOURCES)}
        headers = {"Authorization": f"Bearer {token}"}
        client = stack.enter_context(httpx.Client(base_url=address, headers=headers, timeout=600))
        own = f"/api/v1/deployments/{watched.id}"
        with process(argv, address, folder, **paths) as pid:
            asked = Asked(client, pid, where)
            body = {"content": calls.csv(), "headers": {"Content-Type": "application/octet-stream"}}
            sent = asked.line("outcomes sent", lambda: client.post(f"{own}/outcomes/file", **body))
            assert sent["waiting"] == len(calls.told), sent
            background(where, "joined with kept rows", lambda: join(made, watched))
            asked.get("quality, not packed yet", f"{own}/quality", range="7d")
            asked.get("quality again", f"{own}/quality", range="7d")
            background(
                where, "hours packed", lambda: outcome_hours.pack_due(made.database, workspace.id)
            )
        with process(argv, address, folder, **paths) as pid:
            asked = Asked(client, pid, where)
            quality = asked.get("quality, a new server, packed", f"{own}/quality", range="7d")
            asked.get("quality again", f"{own}/quality", range="7d")
            slices = asked.get("segment scan", f"{own}/quality/slices", range="7d")
            asked.get("segment scan again", f"{own}/quality/slices", range="7d")
            asked.get("estimate without outcomes", f"{own}/quality/estimate", range="7d")
            condition = slices["slices"][0]["condition"]
            path = f"{own}/quality/slice"
            part = asked.get("one segment", path, range="7d", condition=condition)
            one = {"prediction_id": calls.ids[int(calls.told[0])], "value": 1 - calls.actual[0]}
            client.post(f"{own}/outcomes", json={**one, "value": int(one["value"])})
            asked.get("quality after one more outcome", f"{own}/quality", range="7d")
            calls.check(quality, slices, part)


def join(made: Platform, watched: make.Watched) -> None:
    """Do what the job does that looks for predictions."""
    blobs = made.services.get(BlobStore)  # type: ignore[type-abstract]
    since = utcnow() - recall.WAIT
    recall.run(made.database, blobs, watched.workspace.id, watched.id, since)


def background(where: str, name: str, work: Callable[[], object]) -> None:
    """Do work of the background in this process and print a line."""
    memory = Memory(os.getpid())
    memory.start()
    before, used, begun = memory.now(), time.process_time(), time.perf_counter()
    work()
    took, used = time.perf_counter() - begun, time.process_time() - used
    print(
        f"| {where}: {name} | {took:.2f} | {used:.2f} | {memory.highest - before:.0f} |", flush=True
    )


def main() -> None:
    """Print a line per question."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--outcomes", type=int, default=500_000)
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args()
    calls = Calls(options.calls, options.outcomes)
    print(told())
    print(f"\n{options.calls:,} kept calls, {options.outcomes:,} outcomes\n")
    print("| what | s | processor time | MB more |\n| --- | ---: | ---: | ---: |", flush=True)
    report(None, calls)
    if not options.no_postgres:
        with postgres_server() as url:
            report(url.replace("postgresql://", "postgresql+psycopg://"), calls)


if __name__ == "__main__":
    main()
