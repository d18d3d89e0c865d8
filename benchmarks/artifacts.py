"""A large artifact up and down through the server, ours and `mlflow server` in one run.

    python benchmarks/artifacts.py [--gib 1] [--repeat 3] [--huge 12]

Both servers run as they are started by default and keep files on the local disk. The client is a
plain socket, so that it costs little; what came down is compared with what went up by its size
here, and by its content in the tests. Servers are measured in turn, each after what was written
before has reached the disk; "up and on the disk" counts until a `sync` after the answer. `--huge`
sends a sparse file of that many GB to ours, and watches the memory of its processes.
"""

import argparse
import contextlib
import os
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)] + [
    str(ROOT / part / "src") for part in ("protocol", "server", "runtime", "sdk")
]

from benchmarks.conditions import told  # noqa: E402
from benchmarks.servers import Server, ours, started_run, theirs  # noqa: E402

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
GIB = 1024**3
BLOCK = 4 * 1024 * 1024


def connected(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    made = socket.create_connection((parts.hostname, parts.port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def head(server: Server, method: str, path: str, **more: str) -> bytes:
    headers = {"Host": urlsplit(server.url).netloc, "Connection": "close", **server.headers, **more}
    lines = [f"{method} {PROXY}/{path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def upload(server: Server, path: str, file: Path) -> float:
    """Send a file; give the seconds until its answer."""
    size = file.stat().st_size
    begun = time.perf_counter()
    with connected(server) as link, file.open("rb") as source:
        link.sendall(head(server, "PUT", path, **{"Content-Length": str(size)}))
        link.sendfile(source)
        answer = link.makefile("rb").readline()
    assert b" 200 " in answer, answer
    return time.perf_counter() - begun


def download(server: Server, path: str, size: int) -> tuple[float, float]:
    """Fetch a file; give the seconds until its first and its last byte."""
    buffer, got, first = bytearray(BLOCK), 0, 0.0
    begun = time.perf_counter()
    with connected(server) as link:
        link.sendall(head(server, "GET", path))
        start = b""
        while b"\r\n\r\n" not in start:
            start += link.recv(65536)
        first = time.perf_counter() - begun
        assert b" 200 " in start[:20], start
        got = len(start) - start.index(b"\r\n\r\n") - 4
        while read := link.recv_into(buffer):
            got += read
    assert got >= size, (got, size)
    return first, time.perf_counter() - begun


def family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def memory_mb(pid: int) -> float:
    """Give the proportional set size of a process and its children."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@contextlib.contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Sample the memory meanwhile; the list has the start and then the most."""
    seen = [memory_mb(pid)] * 2
    stops = threading.Event()

    def look() -> None:
        while not stops.wait(0.2):
            seen[1] = max(seen[1], memory_mb(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stops.set()
        thread.join()


class Measured:
    """One server, what was sent to it and how long that took."""

    def __init__(self, server: Server, file: Path) -> None:
        self.server = server
        self._file = file
        with server.client() as client:
            run = started_run(client)
        self._path = f"{artifact_root(server, run)}/large.bin"
        self._ups: list[float] = []
        self._synced: list[float] = []
        self._downs: list[float] = []
        self._firsts: list[float] = []
        self._grown = 0.0

    def round(self) -> None:
        """Send the file and fetch it; the disk has nothing else to write meanwhile."""
        os.sync()
        with watched(self.server.pid) as seen:
            begun = time.perf_counter()
            self._ups.append(upload(self.server, self._path, self._file))
            os.sync()
            self._synced.append(time.perf_counter() - begun)
            first, whole = download(self.server, self._path, self._file.stat().st_size)
        self._firsts.append(first * 1000)
        self._downs.append(whole)
        self._grown = max(self._grown, seen[1] - seen[0])

    def row(self) -> str:
        """Give a line of the table."""
        mib = self._file.stat().st_size / 1024**2
        speeds = [
            f"{mib / statistics.median(times):,.0f}"
            for times in (self._ups, self._synced, self._downs)
        ]
        cells = [*speeds, f"{statistics.median(self._firsts):.1f}", f"{self._grown:.0f}"]
        return f"| {self.server.name} | {' | '.join(cells)} |"


def artifact_root(server: Server, run: str) -> str:
    return f"runs/{run}" if server.name.startswith("Modelyard") else f"0/{run}/artifacts"


def huge(server: Server, gigabytes: float, folder: Path) -> None:
    file = folder / "sparse.bin"
    with file.open("wb") as made:
        made.truncate(int(gigabytes * 1000**3))
    with server.client() as client:
        run = started_run(client)
    path, size = f"runs/{run}/sparse.bin", file.stat().st_size
    with watched(server.pid) as seen:
        up = upload(server, path, file)
        _, down = download(server, path, size)
    print(
        f"\n{gigabytes:g} GB (sparse at the client): {size / 1024**2 / up:,.0f} MiB/s up, "
        f"{size / 1024**2 / down:,.0f} MiB/s down, {seen[1] - seen[0]:.0f} MiB of memory more"
    )


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers stop too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--huge", type=float, default=0, help="GB of the sparse file, 0 for none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "large.bin"
        block = os.urandom(BLOCK)
        with file.open("wb") as made:
            for _ in range(int(options.gib * GIB) // BLOCK):
                made.write(block)
        print(told(), f"{options.gib:g} GiB, medians of {options.repeat}, servers in turn.\n")
        print("| server | up MiB/s | up and on the disk | down MiB/s | first byte ms | MiB more |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |", flush=True)
        with ours(None) as own, theirs(None) as peer:
            both = [Measured(own, file), Measured(peer, file)]
            for _ in range(options.repeat):
                for one in both:
                    one.round()
            print("\n".join(one.row() for one in both), flush=True)
        file.unlink()
        if options.huge:
            with ours(None) as server:
                huge(server, options.huge, Path(name))


if __name__ == "__main__":
    main()
