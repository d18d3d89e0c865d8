"""Search of runs: filters of different selectivity, first and deep pages, over HTTP.

    python benchmarks/search.py [--runs 100000] [--repeat 20] [--postgres] [--no-sqlite]

All runs are in one experiment, each with 5 metrics, 3 parameters and 2 tags, made by bulk insert
in a temporary folder. Prints a Markdown table; times are of whole answers with 100 runs. A first
search of each kind reads columns into memory, which is timed apart; the last line says how much
memory the server took for them.
"""

import argparse
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.artifacts import memory_mb  # noqa: E402
from benchmarks.conditions import told  # noqa: E402
from benchmarks.filling import fill  # noqa: E402
from benchmarks.servers import API, process  # noqa: E402
from tests.make.fixtures import make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

METRICS = ("acc", "loss", "auc", "f1", "seconds")
PAGE = 100
# acc is uniform in [0, 1] and loss is 1 - acc with some noise, so that a filter for a low accuracy
# sorted by loss is the worst case: what matches is at the end of the order.
SEARCHES: list[tuple[str, str, list[str]]] = [
    ("newest first", "", []),
    ("by a metric", "", ["metrics.loss ASC"]),
    ("by the filtered metric", "metrics.acc > 0.5", ["metrics.acc DESC"]),
    ("80 % match, by another metric", "metrics.auc > 0.2", ["metrics.loss ASC"]),
    ("20 % match", "metrics.auc > 0.8", ["metrics.loss ASC"]),
    ("2 % match", "metrics.auc > 0.98", ["metrics.loss ASC"]),
    ("0.02 % match", "metrics.auc > 0.9998", ["metrics.loss ASC"]),
    ("nothing matches", "metrics.auc > 2", ["metrics.loss ASC"]),
    ("20 % match, all at the end", "metrics.acc < 0.2", ["metrics.loss ASC"]),
    ("20 % match, newest first", "metrics.auc > 0.8", []),
    ("metric and parameter", "metrics.auc > 0.5 AND params.depth = '3'", ["metrics.loss ASC"]),
    ("two disjoint halves", "metrics.acc > 0.6 AND metrics.loss > 0.6", ["metrics.auc DESC"]),
    ("by a parameter", "metrics.auc > 0.5", ["params.depth ASC"]),
]


@contextlib.contextmanager
def filled(database_url: str | None, runs: int) -> Iterator[tuple[httpx.Client, str, int]]:
    """Serve a filled database from a process of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        workspace = made.a_workspace()
        token = workspace.a_token("developer")
        begun = time.perf_counter()
        experiment = fill(made.database, workspace.id, runs, METRICS)
        print(f"\nFilled in {time.perf_counter() - begun:.0f} s.\n", flush=True)
        made.database.engine.dispose()
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder, PYTHONPATH=os.pathsep.join(SOURCES)) as pid:
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
                yield client, experiment, pid


def answered(client: httpx.Client, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    begun = time.perf_counter()
    answer = client.post(f"{API}/runs/search", json=body)
    took = (time.perf_counter() - begun) * 1000
    answer.raise_for_status()
    return took, answer.json()


def timed(client: httpx.Client, body: dict[str, Any], repeat: int) -> tuple[float, str]:
    """Give the milliseconds of the first answer, and p50 / p95 of the others."""
    first = answered(client, body)[0]
    times = [answered(client, body)[0] for _ in range(repeat)]
    return first, f"{statistics.median(times):.1f} / {statistics.quantiles(times, n=20)[-1]:.1f}"


def report(client: httpx.Client, experiment: str, repeat: int, deep: int) -> None:
    for name, where, order in SEARCHES:
        body: dict[str, Any] = {"experiment_ids": [experiment], "filter": where}
        body |= {"order_by": order, "max_results": PAGE}
        first, page = timed(client, body, repeat)
        found = answered(client, body | {"max_results": deep})[1]
        token, later = found.get("next_page_token"), "none"
        if token:
            later = timed(client, body | {"page_token": token}, repeat)[1]
        print(f"| {name} | {first:.0f} | {page} | {later} |", flush=True)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server stops too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--postgres", action="store_true", help="also on a throw-away PostgreSQL")
    parser.add_argument("--no-sqlite", action="store_true")
    options = parser.parse_args()
    deep = min(options.runs // 10, 10_000)
    print(told())
    for is_postgres in (False, True)[options.no_sqlite : 1 + options.postgres]:
        kind = "PostgreSQL" if is_postgres else "SQLite"
        print(f"\n{options.runs:,} runs on {kind}, p50 / p95 in ms\n")
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(postgres_server()) if is_postgres else None
            driver = url and url.replace("postgresql://", "postgresql+psycopg://")
            client, experiment, pid = stack.enter_context(filled(driver, options.runs))
            print(f"| search | very first | first page | after {deep:,} runs |")
            print("| --- | ---: | ---: | ---: |")
            before = memory_mb(pid)
            report(client, experiment, options.repeat, deep)
            print(f"\nMemory of the server: {before:.0f} MiB, then {memory_mb(pid):.0f} MiB.")


if __name__ == "__main__":
    main()
