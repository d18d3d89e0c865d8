"""Predictions over HTTP beside the peers, in one run: same models, bodies, rows and load.

On our side key check, validation, sandbox, capture of every call and counts are on; peers have none
of them. Answers are checked before and during the load. Prints Markdown tables.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "protocol" / "src"), str(ROOT / "runtime" / "src")]

from benchmarks.loads import Checks, Endpoint, PeerFailed, Point, hammer, lone, steady  # noqa: E402
from benchmarks.peers import PACKAGES, serving  # noqa: E402
from tests.make.nodes import SECRET, RunningNode, a_node, a_route, a_server  # noqa: E402

OURS = "Modelyard"
BEARER = {"Authorization": f"Bearer myk_pub_{SECRET}"}


@dataclass
class Subject:
    """A trained model as every server needs it."""

    kind: str
    engine: str
    package: Path
    file: Path
    columns: list[str]
    rows: list[list[float]]
    expected: list[Any]


def main() -> None:
    """Measure what was asked for."""
    options = _parser().parse_args()
    warnings.simplefilter("ignore")
    names = [*PACKAGES] if options.peers == ["all"] else [n for n in options.peers if n != "none"]
    out: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as folder:
        for kind in options.models:
            subject = _subject(kind, Path(folder) / kind)
            peers = [] if kind == "pyfunc" else names
            out += [f"\n### {TITLES[kind]}\n", *HEADER]
            with _modelyard(subject, options.workers) as (endpoint, node):
                out += _measured(endpoint, subject, options)
                with _Memory(node) as memory:
                    out += _many_rows(endpoint, subject, options) if kind != "pyfunc" else []
                out.append(memory.told())
            for name in peers:
                place = subject.file, subject.package, subject.rows[0], subject.columns
                try:
                    with serving(name, kind, *place) as endpoint:
                        out += _measured(endpoint, subject, options)
                        out += _many_rows(endpoint, subject, options)
                except PeerFailed as failure:
                    out.append(f"| {name} | {failure} | | | | | | |")
    print("\n".join(out))
    print(f"\n{platform.platform()}, {os.cpu_count()} cores shared with wrk, ", end="")
    print(f"Python {sys.version.split()[0]}, load average at the end {os.getloadavg()[0]:.1f}.")


TITLES = {
    "lr": "scaler and logistic regression, 30 columns, one row a request",
    "xgb": "XGBoost, 200 trees of depth 6, 30 columns, one row a request",
    "pyfunc": "Python function (slow lane), 30 columns, one row a request",
}
HEADER = [
    "| server | load | requests/s | p50 ms | p99 ms | CPU µs/request | failed | wrong of checked |",
    "|---|---|---:|---:|---:|---:|---:|---:|",
]


def _measured(endpoint: Endpoint, subject: Subject, options: argparse.Namespace) -> list[str]:
    checks = Checks(subject.rows, subject.expected)
    checks.all_of(endpoint)
    lines = []
    for count in options.connections:
        point = hammer(endpoint, subject.rows[:1], count, options.seconds, checks)
        lines.append(_line(endpoint.name, f"{count} connections", point))
    if 1 in options.connections:
        point = lone(endpoint, checks, options.seconds)
        lines.append(_line(endpoint.name, "1 connection, each answer timed", point))
    if options.rate:
        point = steady(endpoint, subject.rows[:1], options.rate, options.seconds)
        lines.append(_line(endpoint.name, f"{options.rate:g}/s offered", point))
    print("\n".join(lines), file=sys.stderr, flush=True)
    print(f"{endpoint.name}: first answer {endpoint.ready_seconds:.1f} s, "
          f"{endpoint.memory_mb():.0f} MB", file=sys.stderr, flush=True)  # fmt: skip
    return lines


def _many_rows(endpoint: Endpoint, subject: Subject, options: argparse.Namespace) -> list[str]:
    rows = [subject.rows[at % len(subject.rows)] for at in range(1000)]
    wanted = [subject.expected[at % len(subject.rows)] for at in range(1000)]
    if endpoint.post(rows) != wanted:
        raise PeerFailed("answers 1000 rows wrongly")
    checks = Checks(subject.rows, subject.expected)
    point = hammer(endpoint, rows, 8, options.seconds, checks)
    name = f"1000 rows, 8 connections: {point.requests_per_second * 1000:,.0f} rows/s"
    line = _line(endpoint.name, name, point)
    print(line, file=sys.stderr, flush=True)
    return [line]


def _line(name: str, load: str, point: Point) -> str:
    figures = [
        f"{point.requests_per_second:,.0f}", f"{point.p50_ms:.2f}", f"{point.p99_ms:.2f}",
        f"{point.cpu_us:.0f}", str(point.failed), f"{point.wrong} of {point.checked}",
    ]  # fmt: skip
    return f"| {name} | {load} | {' | '.join(figures)} |"


class _Memory(threading.Thread):
    """Gateway workers' memory, shared pages split among them: most during a load, and after it."""

    def __init__(self, node: RunningNode) -> None:
        super().__init__(daemon=True)
        self._node, self._end = node, threading.Event()
        self._pids = [worker["pid"] for worker in node.observed()["workers"]]
        self._most = self._now()

    def __enter__(self) -> _Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.join()

    def run(self) -> None:
        while not self._end.wait(0.25):
            self._most = [*map(max, self._most, self._now())]

    def told(self) -> str:
        """Give a line about it; workers give back what they hold for nothing within a second."""
        after = self._now()
        time.sleep(1.5)
        dropped = self._node.observed()["dropped_records"]
        figures = (("most", self._most), ("at its end", after), ("then", self._now()))
        said = [f"{name} {' and '.join(f'{mb:.0f}' for mb in found)}" for name, found in figures]
        return f"\nMB of gateway workers: {', '.join(said)}; {dropped} records dropped.\n"

    def _now(self) -> list[float]:
        import psutil

        found = []
        for pid in self._pids:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            found.append(sum(one.memory_full_info().pss for one in family) / 2**20)
        return found


@contextlib.contextmanager
def _modelyard(subject: Subject, workers: int) -> Iterator[tuple[Endpoint, RunningNode]]:
    """Compile as the sandboxed check does, and serve behind a node."""
    changes = {} if subject.kind == "pyfunc" else _compiled(subject)
    with a_node(subject.file.parent / "node") as node:
        server = a_server(subject.package, engine=subject.engine, **changes)
        node.want([server], [a_route(subject.package, {"a" * 32: 100})])
        begun = time.perf_counter()
        node.start(["--workers", str(workers)] if workers else [])
        node.wait_ready()
        ready = time.perf_counter() - begun
        lane = "compiled" if changes else "native"
        node.wait_until(lambda state: state["servers"][0]["lane"] == lane)

        def body(rows: list[list[float]]) -> dict[str, Any]:
            return {"dataframe_split": {"columns": subject.columns, "data": rows}}

        assert node.process is not None
        pid = node.process.pid
        url = f"{node.address}/invocations"
        endpoint = Endpoint(
            OURS, url, lambda: [pid], BEARER, body, lambda said: said["predictions"], ready
        )
        yield endpoint, node
        node.end()


def _compiled(subject: Subject) -> dict[str, Any]:
    from modelyard_protocol.routing import Compiled
    from modelyard_runtime.loading import open_dir

    out = subject.file.parent / "compiled"
    out.mkdir()
    line = [sys.executable, "-m", "modelyard_runtime.verify", "--model-dir", subject.package]
    line += ["--engine", subject.engine, "--compile", out]
    folders = [ROOT / "protocol" / "src", ROOT / "runtime" / "src"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    begun = time.perf_counter()
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    lane = report["lane"]
    if lane is None or lane["compiled"] is None:
        raise SystemExit(f"not compiled: {report['error'] or lane['reason']}")
    took = time.perf_counter() - begun
    said = f"{subject.kind}: verified and compiled in {took:.1f} s, {lane['probes']} probes"
    print(f"{said}, largest difference {lane['max_difference']:.1e}", file=sys.stderr)
    compiled = Compiled.model_validate({**lane["compiled"], "graph": str(out / "graph.onnx")})
    return {"compiled": compiled, "signature": open_dir(subject.package).package.signature}


def _subject(kind: str, folder: Path) -> Subject:
    import mlflow.pyfunc
    import mlflow.sklearn
    import mlflow.xgboost
    import xgboost
    from mlflow.models import infer_signature
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder.mkdir()
    frame, labels = load_breast_cancer(return_X_y=True, as_frame=True)
    facts = {"signature": infer_signature(frame, labels.to_numpy()), "input_example": frame.head(2)}
    facts["pip_requirements"] = ["scikit-learn"]
    package, file = folder / "package", folder / "model.pkl"
    if kind == "xgb":
        model: Any = xgboost.XGBClassifier(n_estimators=200, max_depth=6)
        model.fit(frame.to_numpy(), labels)
        model.save_model(file.with_suffix(".ubj"))
        mlflow.xgboost.save_model(model, str(package), **facts)
    elif kind == "lr":
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame.to_numpy(), labels)
        mlflow.sklearn.save_model(model, str(package), serialization_format="pickle", **facts)
    else:
        model = _python_function()
        mlflow.pyfunc.save_model(str(package), python_model=model, **facts)
    rows = frame.to_numpy()[:40]
    expected = [int(v) for v in (model.answers(rows) if kind == "pyfunc" else model.predict(rows))]
    file.write_bytes(pickle.dumps(model) if kind != "pyfunc" else b"")
    engine = {"lr": "sklearn", "xgb": "xgboost", "pyfunc": "python"}[kind]
    return Subject(kind, engine, package, file, list(frame), rows.tolist(), expected)


def _python_function() -> Any:
    import mlflow.pyfunc

    class Threshold(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        """A model of the user's own code."""

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            del context, params
            return (model_input["mean radius"] > 14).astype(int).to_numpy()

        def answers(self, rows: Any) -> list[int]:
            return [int(row[0] > 14) for row in rows]

    return Threshold()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--rate", type=float, default=1000.0, help="open loop; 0 leaves it out")
    parser.add_argument("--models", nargs="+", choices=[*TITLES], default=[*TITLES])
    parser.add_argument("--peers", nargs="+", default=["all"], choices=[*PACKAGES, "all", "none"])
    parser.add_argument("--workers", type=int, default=0, help="gateway workers; 0: one a core")
    return parser


if __name__ == "__main__":
    main()
