"""Search of runs: filters of different selectivity, first and deep pages, over HTTP.

    python benchmarks/search.py [--runs 100000] [--repeat 20] [--postgres]

All runs are in one experiment, each with 5 metrics, 3 parameters and 2 tags, made by bulk insert
in a temporary folder. Prints a Markdown table; times are of whole answers with 100 runs.
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
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert, text

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.servers import API, process  # noqa: E402
from tests.make.fixtures import make_platform  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402
from tests.make.postgres import postgres_server  # noqa: E402

from modelyard_server.kernel.db import Database  # noqa: E402
from modelyard_server.tracking import experiments, keys  # noqa: E402
from modelyard_server.tracking.models import Run  # noqa: E402
from modelyard_server.tracking.records import RunMetric, RunParam, RunTag  # noqa: E402

METRICS = ("acc", "loss", "auc", "f1", "seconds")
PAGE = 100
CHUNK = 5000
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


def fill(database: Database, workspace_id: int, runs: int) -> str:
    """Insert runs with what they logged; give the experiment's id."""
    made = random.Random(7)
    with database.session(workspace_id) as db:
        experiment = experiments.get(db, "0").id
        numbers = keys.numbers(db, [*METRICS, "depth", "lr", "seed", "team", "mlflow.runName"])
    own = {"workspace_id": workspace_id, "experiment_id": experiment}
    for first in range(1, runs + 1, CHUNK):
        chunk = range(first, min(first + CHUNK, runs + 1))
        with database.session(workspace_id) as db:
            connection = db.connection()
            connection.execute(insert(Run.__table__), [own | _run(n, made) for n in chunk])
            for table, rows_of in ((RunMetric, _metrics), (RunParam, _params), (RunTag, _tags)):
                rows = [own | row for n in chunk for row in rows_of(n, numbers, made)]
                connection.execute(insert(table.__table__), rows)
    if not database.is_sqlite:
        with database.platform_session() as db:  # as autovacuum does within a minute
            db.execute(text("ANALYZE"))
    return str(experiment)


def _run(number: int, made: random.Random) -> dict[str, Any]:
    uid = uuid.UUID(int=made.getrandbits(128)).hex
    return {"id": number, "uid": uid, "name": f"run-{number}", "user_name": "bench"} | {
        "status": "FINISHED",
        "lifecycle_stage": "active",
        "started_ms": 1_700_000_000_000 + number,
        "ended_ms": 1_700_000_000_500 + number,
    }


def _metrics(number: int, numbers: dict[str, int], made: random.Random) -> list[dict[str, Any]]:
    acc = made.random()
    values = {"acc": acc, "loss": 1 - acc + made.random() / 100}
    return [
        {"run_id": number, "key_id": numbers[name], "value": values.get(name, made.random())}
        | {"is_nan": False, "step": 100, "at_ms": 1_700_000_000_000 + number}
        for name in METRICS
    ]


def _params(number: int, numbers: dict[str, int], made: random.Random) -> list[dict[str, Any]]:
    values = {"depth": str(made.randrange(10)), "lr": str(made.random()), "seed": str(number)}
    return [_text(number, numbers[key], value) for key, value in values.items()]


def _tags(number: int, numbers: dict[str, int], made: random.Random) -> list[dict[str, Any]]:
    values = {"team": made.choice("abc"), "mlflow.runName": f"run-{number}"}
    return [_text(number, numbers[key], value) for key, value in values.items()]


def _text(number: int, key: int, value: str) -> dict[str, Any]:
    return {"run_id": number, "key_id": key, "value": value, "value_prefix": value}


@contextlib.contextmanager
def filled(database_url: str | None, runs: int) -> Iterator[tuple[httpx.Client, str]]:
    """Serve a filled database from a process of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), a_free_port()
        url = database_url or f"sqlite:///{folder / 'modelyard.db'}"
        made = make_platform(url, folder)
        workspace = made.a_workspace()
        token = workspace.a_token("developer")
        experiment = fill(made.database, workspace.id, runs)
        made.database.engine.dispose()
        argv = [sys.executable, "-m", "tests.make.live", name, str(port), "0", url]
        address = f"http://127.0.0.1:{port}"
        with process(argv, address, folder, PYTHONPATH=os.pathsep.join(SOURCES)):
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
                yield client, experiment


def answered(client: httpx.Client, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    begun = time.perf_counter()
    answer = client.post(f"{API}/runs/search", json=body)
    took = (time.perf_counter() - begun) * 1000
    answer.raise_for_status()
    return took, answer.json()


def timed(client: httpx.Client, body: dict[str, Any], repeat: int) -> str:
    answered(client, body)
    times = [answered(client, body)[0] for _ in range(repeat)]
    return f"{statistics.median(times):.1f} / {statistics.quantiles(times, n=20)[-1]:.1f}"


def report(client: httpx.Client, experiment: str, repeat: int, deep: int) -> None:
    for name, where, order in SEARCHES:
        body: dict[str, Any] = {"experiment_ids": [experiment], "filter": where}
        body |= {"order_by": order, "max_results": PAGE}
        cells = [name, timed(client, body, repeat)]
        token, page = (
            answered(client, body | {"max_results": deep})[1].get("next_page_token"),
            "none",
        )
        if token:
            page = timed(client, body | {"page_token": token}, repeat)
        print("| " + " | ".join([*cells, page]) + " |", flush=True)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server stops too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--postgres", action="store_true", help="also on a throw-away PostgreSQL")
    options = parser.parse_args()
    deep = min(options.runs // 10, 10_000)
    for is_postgres in (False, True)[: 1 + options.postgres]:
        kind = "PostgreSQL" if is_postgres else "SQLite"
        print(f"\n{options.runs:,} runs on {kind}, p50 / p95 in ms\n")
        print(f"| search | first page | after {deep:,} runs |\n| --- | --- | --- |")
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(postgres_server()) if is_postgres else None
            driver = url and url.replace("postgresql://", "postgresql+psycopg://")
            client, experiment = stack.enter_context(filled(driver, options.runs))
            report(client, experiment, options.repeat, deep)


if __name__ == "__main__":
    main()
