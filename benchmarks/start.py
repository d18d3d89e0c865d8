"""Cold start and idle memory of the whole control plane: API, web application, background work.

    python benchmarks/start.py [--repeat 5]

Starts `modelyard serve` on an existing data folder without the inference node, which is a process
of its own kind, and waits for the first answer of `/health`; memory is the proportional set size
of the process and its children ten seconds later. The same for `mlflow server` with its defaults.
Processor time until the answer tells what other programs on the machine did not change.
"""

import argparse
import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from benchmarks.artifacts import family, memory_mb  # noqa: E402
from benchmarks.conditions import cpu_seconds, told  # noqa: E402
from tests.make.installation import a_free_port  # noqa: E402
from tests.make.live import SOURCES  # noqa: E402

IDLE_SECONDS = 10


def started(argv: list[str], url: str, **environment: str) -> tuple[float, float, float]:
    """Start a server, wait, stop it; give seconds to its answer, of them used, MiB when idle."""
    begun = time.perf_counter()
    server = subprocess.Popen(
        argv,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/health").status_code == 200:
                    break
            if server.poll() is not None or time.perf_counter() - begun > 120:
                raise SystemExit(f"{argv[2]} did not start.")
            time.sleep(0.02)
        took = time.perf_counter() - begun
        used = cpu_seconds(family(server.pid))
        time.sleep(IDLE_SECONDS)
        return took, used, memory_mb(server.pid)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def report(name: str, argv: list[str], url: str, repeat: int, **environment: str) -> None:
    started(argv, url, **environment)  # makes the data and warms the disk's cache
    found = [started(argv, url, **environment) for _ in range(repeat)]
    seconds, used, memory = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"| {name} | {seconds:.2f} | {used:.2f} | {memory:.0f} |", flush=True)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server stops too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(told(), "\n")
    print("| server | s to the first answer | of processor time | idle MiB (PSS) |")
    print("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        port = a_free_port()
        argv = [sys.executable, "-m", "modelyard_server", "serve", "--port", str(port)]
        report(
            "Modelyard",
            argv,
            f"http://127.0.0.1:{port}",
            options.repeat,
            PYTHONPATH=os.pathsep.join(SOURCES),
            MODELYARD_DATA_DIR=str(Path(name) / "data"),
            MODELYARD_MANAGE_NODE="false",
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        port = a_free_port()
        argv = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
        argv += ["--backend-store-uri", f"sqlite:///{name}/mlflow.db"]
        report("mlflow server", argv, f"http://127.0.0.1:{port}", options.repeat)


if __name__ == "__main__":
    main()
