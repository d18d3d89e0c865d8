"""The quickstart's model behind our gateway and behind `mlflow models serve`, in the same minutes.

Same model, same machine, same body, one load client on the same cores: a lower bound for both, and
a fair comparison between them. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httptools
import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "protocol" / "src"), str(ROOT / "runtime" / "src")]

from tests.make.nodes import SECRET, a_node, a_route, a_server  # noqa: E402
from tests.make.packages import a_classifier_package  # noqa: E402


class Caller(asyncio.Protocol):
    """One keep-alive connection that sends the next request when the answer is whole."""

    def __init__(self, request: bytes, expected: bytes, until: float) -> None:
        self.request, self.expected, self.until = request, expected, until
        self.latencies: list[float] = []
        self.wrong = 0
        self.done = asyncio.get_running_loop().create_future()
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.body = b""
        self.at = time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.latencies.append(now - self.at)
        if self.parser.get_status_code() != 200 or self.expected not in self.body:
            self.wrong += 1
        if now < self.until:
            asyncio.get_running_loop().call_soon(self.send)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self.done.set_result(None)


async def load(
    port: int, request: bytes, expected: bytes, connections: int, seconds: float
) -> tuple[list[float], int, float]:
    """Give all latencies, the number of wrong answers, and the time it took."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    callers = [Caller(request, expected, started + seconds) for _ in range(connections)]
    for caller in callers:
        await loop.create_connection(lambda c=caller: c, "127.0.0.1", port)
    await asyncio.gather(*(caller.done for caller in callers))
    elapsed = time.perf_counter() - started
    latencies = sorted(value for caller in callers for value in caller.latencies)
    return latencies, sum(caller.wrong for caller in callers), elapsed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def mlflow_serving(package: Path, port: int) -> Iterator[float]:
    """Run MLflow's own server as its documentation says; give the seconds to its first answer."""
    line = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(package)]
    line += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        line, env=environment, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        wait_for_port(port, process)
        yield time.perf_counter() - started
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as c:
            c.settimeout(30)
            c.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if c.recv(100).startswith(b"HTTP/1.1 200"):
                return
        if process.poll() is not None:
            raise SystemExit("mlflow models serve did not start")
        time.sleep(0.1)
    raise SystemExit("mlflow models serve was not ready after two minutes")


def a_request(path: str, body: bytes, headers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def rows_of(name: str, port: int, request: bytes, options: argparse.Namespace) -> list[str]:
    lines = []
    for connections in options.connections:
        warm = load(port, request, b'"predictions"', connections, min(1.0, options.seconds))
        uvloop.run(warm)
        run = load(port, request, b'"predictions"', connections, options.seconds)
        latencies, wrong, elapsed = uvloop.run(run)
        p50, p99 = (latencies[int(len(latencies) * q)] * 1000 for q in (0.5, 0.99))
        rate = len(latencies) / elapsed
        lines.append(f"| {name} | {connections} | {rate:,.0f} | {p50:.2f} | {p99:.2f} | {wrong} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--skip-mlflow", action="store_true")
    options = parser.parse_args()
    lines = ["| server | connections | requests/s | p50 ms | p99 ms | wrong answers |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as folder:
        package = a_classifier_package(Path(folder) / "package")
        example = json.loads((package / "input_example.json").read_text())
        split = {"columns": example["columns"], "data": example["data"][:1]}
        body = json.dumps({"dataframe_split": split}).encode()
        with a_node(Path(folder) / "node") as node:
            node.want([a_server(package)], [a_route(package, {"a" * 32: 100})])
            started = time.perf_counter()
            node.start()
            node.wait_ready()
            starts = [f"Modelyard node with model ready: {time.perf_counter() - started:.1f} s"]
            bearer = f"Authorization: Bearer myk_pub_{SECRET}\r\n"
            path = "/team/production/model/invocations"
            request = a_request(path, body, bearer)
            name = "Modelyard gateway (key check, sandbox, capture on)"
            lines += rows_of(name, node.port, request, options)
            node.end()
        if not options.skip_mlflow:
            port = free_port()
            with mlflow_serving(package, port) as seconds:
                starts.append(f"mlflow models serve ready: {seconds:.1f} s")
                request = a_request("/invocations", body)
                lines += rows_of("mlflow models serve", port, request, options)
    print("\n".join(lines))
    print(f"\nSingle row, 30 columns, JSON. {'; '.join(starts)}. {platform.platform()}, ", end="")
    print(f"{os.cpu_count()} cores shared with the load client, Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
