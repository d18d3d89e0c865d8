"""Ingestion of metrics: ours, `mlflow server` and `fasttrackml` beside each other in one run.

    python benchmarks/tracking.py [--seconds 6] [--clients 8] [--rounds 2] [--no-postgres]

Every server runs as it is documented to, with fresh data, on SQLite and on a throw-away PostgreSQL,
there ours also with several API processes; ours with authentication, the others have none. The load
is plain HTTP, the same bytes for all, encoded beforehand. Servers are measured in rounds, one after
the other, so that a busy minute of the machine falls on all of them; a cell is the best of its
rounds. Prints a Markdown table for each database, and below it how many times better ours is.
Processor time is of the server's processes, without the database's own.
"""

import argparse
import contextlib
import http.client
import json
import signal
import statistics
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.artifacts import family  # noqa: E402
from benchmarks.conditions import cpu_seconds, told  # noqa: E402
from benchmarks.servers import (  # noqa: E402
    API,
    Server,
    Starter,
    fasttrackml,
    ours,
    several,
    started_run,
    theirs,
)
from tests.make.postgres import postgres_server  # noqa: E402

BATCH = 1000
BODIES = 400  # batches of a client, with other steps each
COLUMNS = (
    "log-metric p50 / p95 ms, kept alive",
    "log-metric p50 ms, new connections",
    f"log-batch of {BATCH:,}, 1 client: metrics/s",
    f"log-batch of {BATCH:,}, {{clients}} clients: metrics/s (p50 / p95 ms)",
    "processor ms a batch",
)


class Sender:
    """One client with a run of its own."""

    def __init__(self, server: Server, *, keeps: bool = True) -> None:
        self._host = urlsplit(server.url).netloc
        self._headers = {**server.headers, "Content-Type": "application/json"}
        self._keeps = keeps
        self._link = http.client.HTTPConnection(self._host, timeout=120)
        with server.client() as client:
            self.run = started_run(client)

    def send(self, path: str, body: bytes) -> float:
        """Send a body; give the milliseconds until its answer was read."""
        begun = time.perf_counter()
        if not self._keeps:
            self._link = http.client.HTTPConnection(self._host, timeout=120)
        self._link.request("POST", API + path, body, self._headers)
        answer = self._link.getresponse()
        content = answer.read()
        took = (time.perf_counter() - begun) * 1000
        if not self._keeps:
            self._link.close()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {content[:500]!r}")
        return took


def bodies(run: str, size: int) -> list[bytes]:
    now = int(time.time() * 1000)
    if size == 1:
        return [
            json.dumps(
                {"run_id": run, "key": "loss", "value": 0.5, "timestamp": now, "step": step}
            ).encode()
            for step in range(2000)
        ]
    return [
        json.dumps(
            {
                "run_id": run,
                "metrics": [
                    {
                        "key": f"m{n % 20}",
                        "value": n / 7,
                        "timestamp": now,
                        "step": number * 50 + n // 20,
                    }
                    for n in range(size)
                ],
            }
        ).encode()
        for number in range(BODIES)
    ]


def load(
    server: Server, clients: int, seconds: float, size: int, *, keeps: bool = True
) -> tuple[float, list[float]]:
    """Log points from several clients; give points a second and the latencies in ms."""
    senders = [Sender(server, keeps=keeps) for _ in range(clients)]
    ready = [bodies(sender.run, size) for sender in senders]
    path = "/runs/log-metric" if size == 1 else "/runs/log-batch"
    latencies: list[float] = []
    failures: list[BaseException] = []
    begun = time.monotonic()

    def work(sender: Sender, own: list[bytes]) -> None:
        try:
            for number, body in enumerate(own):
                if number and time.monotonic() - begun >= seconds:
                    return
                latencies.append(sender.send(path, body))
        except BaseException as failure:
            failures.append(failure)

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(senders, ready, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(latencies) * size / (time.monotonic() - begun), latencies


def p95(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=20)[-1] if len(latencies) > 1 else latencies[0]


def measured(server: Server, clients: int, seconds: float) -> list[tuple[float, str]]:
    """Measure one server; give for each column what is compared (less is better) and its text."""
    load(server, 1, 0.5, 1)  # warm
    _, kept = load(server, 1, seconds / 2, 1)
    _, fresh = load(server, 1, seconds / 4, 1, keeps=False)
    load(server, 1, 0.5, BATCH)
    alone, _ = load(server, 1, seconds / 2, BATCH)
    before = cpu_seconds(family(server.pid))
    together, each = load(server, clients, seconds, BATCH)
    used = (cpu_seconds(family(server.pid)) - before) * 1000 / len(each)
    middle = statistics.median
    return [
        (middle(kept), f"{middle(kept):.1f} / {p95(kept):.1f}"),
        (middle(fresh), f"{middle(fresh):.1f}"),
        (-alone, f"{alone:,.0f}"),
        (-together, f"{together:,.0f} ({middle(each):.0f} / {p95(each):.0f})"),
        (used, f"{used:.1f}"),
    ]


def compare(starters: list[Starter], options: argparse.Namespace, *, on_postgres: bool) -> None:
    best: dict[str, list[tuple[float, str]]] = {}
    for _ in range(options.rounds):
        for starter in starters:
            try:
                name, found = one_round(starter, options, on_postgres=on_postgres)
            except SystemExit as failure:
                if not isinstance(failure.code, str):
                    raise  # told to stop
                print(f"\n{starter.__name__} could not be measured: {str(failure)[-300:]}\n")
                continue
            kept = best.get(name, found)
            best[name] = [min(pair) for pair in zip(found, kept, strict=True)]
    columns = " | ".join(COLUMNS).format(clients=options.clients)
    print(f"\n| server | {columns} |\n| --- |" + " ---: |" * len(COLUMNS), flush=True)
    for name, cells in best.items():
        print(f"| {name} | " + " | ".join(text for _, text in cells) + " |", flush=True)
    owns = {name: cells for name, cells in best.items() if name.startswith("Modelyard")}
    for own, ours_cells in owns.items():
        for name, cells in best.items():
            if name not in owns:
                print(f"| {own} to {name} | {_times(cells, ours_cells)} |", flush=True)


def _times(theirs: list[tuple[float, str]], own: list[tuple[float, str]]) -> str:
    pairs = zip(theirs, own, strict=True)
    times = [max(b / a, a / b) * (1 if a > b else -1) for (a, _), (b, _) in pairs]
    return " | ".join(f"{one:.1f}x" if one > 0 else f"1/{-one:.1f}" for one in times)


def one_round(
    starter: Starter, options: argparse.Namespace, *, on_postgres: bool
) -> tuple[str, list[tuple[float, str]]]:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(postgres_server()) if on_postgres else None
        driver = url and url.replace("postgresql://", "postgresql+psycopg://")
        server = stack.enter_context(starter(driver))
        return server.name, measured(server, options.clients, options.seconds)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of the last measurement")
    parser.add_argument("--clients", type=int, default=8, help="clients of the last column")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args()
    print(told(), flush=True)
    for on_postgres in (False, True)[: 1 if options.no_postgres else 2]:
        own = [ours, several] if on_postgres else [ours]
        compare([*own, theirs, fasttrackml], options, on_postgres=on_postgres)


if __name__ == "__main__":
    main()
