"""Load on a server and what it cost: wrk for throughput, an open loop for a fixed rate."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httptools
import psutil

DRAIN_SECONDS = 5  # for answers to calls that were sent in time
READY_SECONDS = 600  # Ray Serve's replicas alone took 90 on a busy machine
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class PeerFailed(Exception):
    """A server could not be measured; the text goes into the table."""


@dataclass
class Endpoint:
    """One server under test: where it is, what it is sent, and how its answer is read."""

    name: str
    url: str
    pids: Callable[[], list[int]]
    headers: dict[str, str]
    body: Callable[[list[list[float]]], dict[str, Any]]
    """Rows to the body this server wants."""
    read: Callable[[Any], list[Any]]
    ready_seconds: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)

    def post(self, rows: list[list[float]]) -> list[Any]:
        """Predict once."""
        content = json.dumps(self.body(rows)).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        request = urllib.request.Request(self.url, content, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return self.read(json.loads(answer.read()))

    def processes(self) -> list[psutil.Process]:
        """Give every process of the server."""
        found: dict[int, psutil.Process] = {}
        for pid in self.pids():
            for one in _family(pid):
                found[one.pid] = one
        return list(found.values())

    def cpu_seconds(self) -> float:
        """Give the CPU time its processes have used."""
        total = 0.0
        for process in self.processes():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
        return total

    def memory_mb(self) -> float:
        """Give the memory of its processes, shared pages split among them."""
        total = 0.0
        for process in self.processes():
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 2**20


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


@dataclass
class Point:
    """What one run measured."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int
    wrong: int
    checked: int


def hammer(
    endpoint: Endpoint, rows: list[list[float]], connections: int, seconds: float, checks: Checks
) -> Point:
    """Send the same body from so many connections, each as soon as it has its answer."""
    script = _script(endpoint, json.dumps(endpoint.body(rows)))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        line = ["wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "30s", "-s", file.name]
        subprocess.run([*line, "-d1s", endpoint.url], capture_output=True, check=True)
        before, checker = endpoint.cpu_seconds(), checks.watch(endpoint)
        done = subprocess.run(
            [*line, f"-d{seconds:g}s", endpoint.url], capture_output=True, text=True, check=True
        )
        wrong, checked = checker.end()
        spent = endpoint.cpu_seconds() - before
    said = done.stdout
    count = int(_found(r"(\d+) requests in", said))
    failed = int(_found(r"Non-2xx or 3xx responses: (\d+)", said, "0"))
    failed += sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", said)))
    return Point(
        float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        _milliseconds(_found(r"(?m)^\s+50%\s+(\S+)", said)),
        _milliseconds(_found(r"(?m)^\s+99%\s+(\S+)", said)),
        spent / max(1, count + checked) * 1e6,
        failed,
        wrong,
        checked,
    )


def steady(endpoint: Endpoint, rows: list[list[float]], rate: float, seconds: float) -> Point:
    """Send at a fixed rate whatever the answers do; latency counts from when a call was due."""
    host, request = _request(endpoint, rows)
    before = endpoint.cpu_seconds()
    latencies, failed = _open_loop(host, request, rate, seconds)
    spent = endpoint.cpu_seconds() - before
    latencies.sort()
    at = [
        latencies[int(len(latencies) * q)] * 1e3 if latencies else float("nan") for q in (0.5, 0.99)
    ]
    return Point(len(latencies) / seconds, *at, spent / max(1, len(latencies)) * 1e6, failed, 0, 0)


def lone(endpoint: Endpoint, checks: Checks, seconds: float) -> Point:
    """Send varied rows over one connection; every answer is timed, and checked afterwards.

    wrk adds to every answer slower than twice the mean those that would have waited meanwhile:
    its p99 of one connection is a share of time. These are the percentiles of the answers.
    """
    requests = [_request(endpoint, [row])[1] for row in checks.rows]
    name, _, port = _request(endpoint, checks.rows[:1])[0].partition(":")
    latencies: list[float] = []
    before = endpoint.cpu_seconds()
    with socket.create_connection((name, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers: list[bytes] = []
        end = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < end:
            connection.sendall(requests[len(latencies) % len(requests)])
            answer = connection.recv(65536)
            while not _is_whole(answer):
                more = connection.recv(65536)
                if not more:
                    raise PeerFailed("hangs up on its caller")
                answer += more
            latencies.append(time.perf_counter() - begun)
            answers.append(answer)
    spent = endpoint.cpu_seconds() - before
    bodies = [_Answer(answer).body for answer in answers]
    told = [endpoint.read(json.loads(body))[0] if body is not None else None for body in bodies]
    wanted = checks.expected
    wrong = sum(one != wanted[at % len(wanted)] for at, one in enumerate(told) if one is not None)
    latencies.sort()
    at = [latencies[int(len(latencies) * q)] * 1e3 for q in (0.5, 0.99)]
    count = len(latencies)
    return Point(count / seconds, *at, spent / count * 1e6, told.count(None), wrong, count)


def _request(endpoint: Endpoint, rows: list[list[float]]) -> tuple[str, bytes]:
    """Give the host and the bytes of a request."""
    body = json.dumps(endpoint.body(rows)).encode()
    host, _, path = endpoint.url.removeprefix("http://").partition("/")
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in endpoint.headers.items()]
    return host, "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _is_whole(data: bytes) -> bool:
    head, end, body = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    return bool(end) and (len(body) >= int(found[1]) if found else body.endswith(b"0\r\n\r\n"))


class _Answer:
    """A whole answer; `body` is None when the call was refused."""

    def __init__(self, data: bytes) -> None:
        self.body: bytes | None = b""
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(data)
        if parser.get_status_code() != 200:
            self.body = None

    def on_body(self, body: bytes) -> None:
        self.body = (self.body or b"") + body


class Checks:
    """Varied rows with what the model answers for them."""

    def __init__(self, rows: list[list[float]], expected: list[Any]) -> None:
        self.rows, self.expected = rows, expected

    def all_of(self, endpoint: Endpoint) -> None:
        """Fail unless every row is answered as by the model."""
        for row, wanted in zip(self.rows, self.expected, strict=True):
            got = endpoint.post([row])[0]
            if got != wanted:
                raise PeerFailed(f"answers {got!r} instead of {wanted!r}")

    def watch(self, endpoint: Endpoint) -> Watch:
        """Check answers beside the load."""
        return Watch(self, endpoint)


class Watch:
    """Asks for varied rows, some each second, while the load runs."""

    def __init__(self, checks: Checks, endpoint: Endpoint) -> None:
        self._checks, self._endpoint = checks, endpoint
        self._stop = threading.Event()
        self._wrong = self._checked = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> tuple[int, int]:
        """Give wrong and checked answers."""
        self._stop.set()
        self._thread.join()
        return self._wrong, self._checked

    def _run(self) -> None:
        pairs = list(zip(self._checks.rows, self._checks.expected, strict=True))
        while not self._stop.wait(0.1):
            row, wanted = pairs[self._checked % len(pairs)]
            self._checked += 1
            try:
                self._wrong += self._endpoint.post([row])[0] != wanted
            except OSError:
                self._wrong += 1


def _open_loop(host: str, request: bytes, rate: float, seconds: float) -> tuple[list[float], int]:
    """Send when each call is due, over whichever of 64 connections is free.

    `select` waits by the microsecond; the timers of event loops round to a millisecond.
    """
    name, _, port = host.partition(":")
    latencies: list[float] = []
    failed, sent = 0, 0
    waiting: dict[socket.socket, tuple[float, bytes]] = {}
    with contextlib.ExitStack() as opened:
        free = [
            opened.enter_context(socket.create_connection((name, int(port)))) for _ in range(64)
        ]
        for one in free:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begun = time.perf_counter()
        while (now := time.perf_counter()) < begun + seconds or (
            waiting and now < begun + seconds + DRAIN_SECONDS
        ):
            is_over = now >= begun + seconds
            while not is_over and free and sent < (now - begun) * rate:
                one = free.pop()
                waiting[one] = begun + sent / rate, b""
                one.sendall(request)
                sent += 1
            due = begun + sent / rate if free and not is_over else now + 0.1
            ready, _, _ = select.select([*waiting], [], [], max(0.0, due - time.perf_counter()))
            for one in ready:
                since, got = waiting[one]
                part = one.recv(65536)
                if part and not _is_whole(got + part):
                    waiting[one] = since, got + part
                    continue
                latencies.append(time.perf_counter() - since)
                failed += not (got + part).startswith(b"HTTP/1.1 200 ")
                del waiting[one]
                if part:
                    free.append(one)
    return latencies, failed + sent - len(latencies)


def _script(endpoint: Endpoint, body: str) -> str:
    headers = {"Content-Type": "application/json", **endpoint.headers}
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{body}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    return "\n".join(lines)


def _found(pattern: str, text: str, otherwise: str | None = None) -> str:
    match = re.search(pattern, text)
    if match is None:
        if otherwise is None:
            raise SystemExit(f"wrk said something else:\n{text}")
        return otherwise
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    assert match is not None, text
    return float(match[1]) * _UNITS[match[2]]


def wait_for(endpoint: Endpoint, row: list[float], is_alive: Callable[[], bool]) -> None:
    """Wait for the first right answer; its time is the time to be ready."""
    begun = time.perf_counter()
    while time.perf_counter() - begun < READY_SECONDS:
        try:
            endpoint.post([row])
        except (OSError, ValueError, KeyError):
            if not is_alive():
                raise PeerFailed("did not start") from None
            time.sleep(0.1)
        else:
            endpoint.ready_seconds = time.perf_counter() - begun
            return
    raise PeerFailed(f"was not ready after {READY_SECONDS} seconds")


def free_port() -> int:
    """Give a port nobody has."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def here(name: str) -> Path:
    """Give the folder that peers are installed into."""
    return Path(__file__).resolve().parents[1] / ".make" / "peers" / name
