"""Measure monitoring: journal ingest, and drift from counts against recomputation from rows.

    python benchmarks/drift.py                 # 30 columns, 20 000 calls, 100 000 rows
    python benchmarks/drift.py --calls 5000 --rows 20000

Prints a Markdown table. Ingest is the whole path: frames are read from a journal, bodies decoded,
rows counted and logged, everything committed; calls are framed as the gateway does under load, one
row each, with gaps in two columns and one refused call in forty. Set MODELYARD_DATABASE_URL to
measure PostgreSQL.
"""

import argparse
import gc
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from scipy import stats
from sqlalchemy import func, select

from modelyard_protocol.package import Column, DType, Signature
from modelyard_protocol.records import Skin, Source, Traffic, frame, latency_bucket
from modelyard_server.app import load_models
from modelyard_server.kernel.db import Database
from modelyard_server.migrations import state
from modelyard_server.monitoring import drift, profile
from modelyard_server.monitoring.baseline import TrainingTable
from modelyard_server.monitoring.ingest import Ingester
from modelyard_server.monitoring.models import LoggedPrediction
from modelyard_server.monitoring.segmenter import Segmenter

COLUMNS = 30
NAMES = [f"measurement {n}" for n in range(COLUMNS)]
PATCHY, GAPS = 2, 0.25  # columns of which a quarter is missing
BATCH = 40  # calls of one frame
SIGNATURE = Signature(
    inputs=tuple(
        Column(name=name, dtype=DType.double, required=at >= PATCHY)
        for at, name in enumerate(NAMES)
    )
)
WORKSPACE = 1


@dataclass(frozen=True)
class OneDeployment:
    """What ingest needs to know of the deployment under measurement."""

    training: dict[str, list[float]]
    deployment_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def every(self, _db: Any) -> Sequence[Any]:
        return [self]

    def signature(self, *_: Any) -> Signature:
        return SIGNATURE

    def training_table(self, *_: Any) -> TrainingTable:
        return TrainingTable("training", self.training)


def sample(rows: int, seed: int, shift: float = 0.0) -> dict[str, list[float]]:
    """Draw correlated, skewed columns; the first three are shifted."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=rows)
    drawn = {}
    for at, name in enumerate(NAMES):
        values = np.exp((common + generator.normal(size=rows)) / 2)
        drawn[name] = (values + (shift if at < 3 else 0.0)).tolist()
    return drawn


def write_journal(path: Path, deployment_id: uuid.UUID, columns: dict[str, list[float]]) -> int:
    """Write a call per row in frames of `BATCH`, and a count per 1000 calls; give the calls."""
    calls = len(columns[NAMES[0]])
    generator = np.random.default_rng(7)
    start = int(time.time()) - calls // 1000
    with path.open("wb") as stream:
        for first in range(0, calls, BATCH):
            rows: list[dict[str, Any]] = [
                {name: columns[name][at] for name in NAMES}
                for at in range(first, min(first + BATCH, calls))
            ]
            for row in rows:
                for name in NAMES[:PATCHY]:
                    row[name] = None if generator.random() < GAPS else row[name]
            at = start + first // 1000
            answer = '{"predictions":[1]}'
            stream.write(_calls(deployment_id, at, f"p-{first}", 200, rows[:-1], answer))
            unfit = [rows[-1] | {NAMES[-1]: "a word"}]
            stream.write(_calls(deployment_id, at, f"r-{first}", 422, unfit, '{"detail":"no"}'))
            if first % 1000 == 0:
                second = Traffic(
                    workspace_id=WORKSPACE,
                    deployment_id=str(deployment_id),
                    revision=1,
                    version=1,
                    at=at,
                    requests=1000,
                    by_status={"200": 1000},
                    latency_us={latency_bucket(2000): 1000},
                )
                stream.write(frame(second.model_dump_json().encode()))
    return calls


def _calls(
    deployment_id: uuid.UUID,
    at: int,
    name: str,
    status: int,
    rows: list[dict[str, Any]],
    answer: str,
) -> bytes:
    requests = [orjson.dumps({"row": row}).decode() for row in rows]
    document = {
        "kind": "predictions",
        "workspace_id": WORKSPACE,
        "deployment_id": str(deployment_id),
        "revision": 1,
        "version": 1,
        "key_id": None,
        "skin": Skin.predict.value,
        "source": Source.live.value,
        "status": status,
        "content_type": "application/json",
        "encoding": "text",
        "weight": 1.0,
        "ids": [f"{name}-{n}" for n in range(len(rows))],
        "at_us": [at * 1_000_000] * len(rows),
        "total_us": [2000] * len(rows),
        "model_us": [900] * len(rows),
        "requests": requests,
        "responses": [answer] * len(rows),
        "request_bytes": [*map(len, requests)],
        "response_bytes": [len(answer)] * len(rows),
    }
    return frame(orjson.dumps(document))


@dataclass(frozen=True)
class Rate:
    """Calls a second of wall and of processor time."""

    wall: float
    cpu: float

    @staticmethod
    def of(work: Callable[[], Any], calls: int) -> "Rate":
        """Time work on calls."""
        started, used = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        return Rate(calls / seconds, calls / cpu)


class NoStore:
    """Takes segments and keeps none: what is measured is making them."""

    def receive(self, _workspace_id: int, parts: Any) -> None:
        for _ in parts:
            pass


def measure_ingest(folder: Path, calls: int) -> tuple[Rate, Rate, str]:
    """Give the rates of counting and of cutting segments, and the database's name."""
    load_models()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as the server does (`kernel/starting.py`)
    database = Database(os.environ.get("MODELYARD_DATABASE_URL") or f"sqlite:///{folder / 'm.db'}")
    state.create_all(database)
    deployment: Any = OneDeployment(sample(5000, 1))
    journals = folder / "journal"
    journals.mkdir()
    write_journal(journals / "a-000001.journal", deployment.deployment_id, sample(calls, 2))
    ingester = Ingester(database, deployment, journals)
    counted = Rate.of(ingester.run_once, calls)
    with database.session(WORKSPACE) as db:
        query = select(func.count()).select_from(LoggedPrediction)
        mine = query.where(LoggedPrediction.deployment_id == deployment.deployment_id)
        assert db.scalar(mine) == calls
    store: Any = NoStore()
    segmenter = Segmenter(database, deployment, store, journals, b"k" * 32)
    cut = Rate.of(lambda: segmenter.run_once(all_now=True), calls)
    database.engine.dispose()
    return counted, cut, database.url.get_backend_name()


def best(function: Callable[[], Any], times: int = 3) -> float:
    """Give the shortest of a few runs, in milliseconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return min(taken) * 1000


def measure_drift(rows: int) -> dict[str, float]:
    """Time the question "has it moved?" asked of counts and of rows."""
    training, live = sample(rows, 3), sample(rows, 4, shift=0.2)
    references = {
        name: profile.reference_of(
            name,
            values,
            role=profile.ColumnRole.input,
            origin=profile.Origin.training,
        )
        for name, values in training.items()
    }
    buckets = 288  # five minutes each, a day
    parts = []
    for at in range(buckets):
        part = {name: values[at::buckets] for name, values in live.items()}
        parts.append(profile.pack(profile.count(part, references)))

    def from_counts() -> Any:
        merged = profile.merge(profile.unpack(packed) for packed in parts)
        return drift.compare(references, merged)

    before = {name: np.array(values) for name, values in training.items()}
    now = {name: np.array(values) for name, values in live.items()}

    def from_rows() -> Any:
        for name in NAMES:
            stats.ks_2samp(before[name], now[name], method="asymp")
            edges = np.unique(np.quantile(before[name], np.linspace(0, 1, 11)))
            np.histogram(now[name], edges)

    def counting() -> Any:
        return profile.count(live, references)

    moved = {f.reference.name for f in from_counts() if f.status is drift.Status.drifting}
    assert moved == set(NAMES[:3]), moved
    return {
        "from_counts": best(from_counts),
        "from_rows": best(from_rows),
        "counting": best(counting, 1),
        "bytes": sum(map(len, parts)) / buckets,
    }


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counted, cut, backend = measure_ingest(Path(folder), options.calls)
    taken = measure_drift(options.rows)
    rows = f"{options.rows:,} rows x {COLUMNS} columns"
    ratio = taken["from_rows"] / taken["from_counts"]
    print("| What | Result |\n|---|---:|")
    path = f"Journal to {backend}, calls of {COLUMNS} columns, logged and counted"
    print(f"| {path} | {counted.wall:,.0f} calls/s |")
    print(f"| The same per second of CPU, on a busy machine | {counted.cpu:,.0f} calls |")
    print(f"| Journal to Parquet | {cut.wall:,.0f} calls/s |")
    print(f"| The same per second of CPU | {cut.cpu:,.0f} calls |")
    print(f"| Drift of {rows}, from 288 stored profiles of a day | "
          f"{taken['from_counts']:.0f} ms |")  # fmt: skip
    print(f"| The same from rows in memory: SciPy KS + PSI bins, each time anew | "
          f"{taken['from_rows']:.0f} ms ({ratio:.1f}x) |")  # fmt: skip
    print(f"| Counting those rows once, on arrival | {taken['counting']:.0f} ms |")
    print(f"| Size of one stored profile | {taken['bytes'] / 1024:.1f} KiB |")


if __name__ == "__main__":
    main()
