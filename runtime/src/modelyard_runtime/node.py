"""One machine's data plane: `python -m modelyard_runtime.node --state-dir DIR --port 8081`.

It supervises gateway workers and model servers and is on no request's path. It follows
`desired.json`, writes `observed.json`, and needs the control plane for neither.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import errno
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from modelyard_protocol.routing import DesiredState, ObservedState, Override, Overrides

from . import state as files
from .drivers.contract import Driver
from .drivers.process import ProcessDriver
from .front import Front
from .journal import Journal
from .overrides import OverridesFile, applied, settled
from .sandbox.probe import NoSandbox, choose
from .sandbox.walls import Tier
from .scaling import Scaler
from .supervisor import Supervisor, make_folders
from .workers import Workers

TICK_SECONDS = 0.05
OBSERVE_SECONDS = 1.0
DRAIN_SECONDS = 21.0  # a worker gives calls in flight 18
BACKLOG = 4096
MAX_WORKERS = 8  # by default; each holds every compiled version
EXIT_ALREADY_RUNS, EXIT_PORT_TAKEN, EXIT_NO_SANDBOX = 75, 98, 78


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    options = _parser().parse_args(argv)
    if options.version:
        print(_version(options))  # noqa: T201 - the answer of this option
        return 0
    if options.state_dir is None:
        _parser().error("--state-dir is required")
    folder: Path = options.state_dir.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = files.take_lock(folder, options.port, _version(options))
    except files.NodeAlreadyRuns as refusal:
        return _leave(EXIT_ALREADY_RUNS, str(refusal))
    try:
        tier = choose(options.tier, allow_unsandboxed=options.allow_unsandboxed)
    except NoSandbox as refusal:
        return _leave(EXIT_NO_SANDBOX, str(refusal))
    _raise_file_limit()
    try:
        listeners = _listen(options.host, options.port, options.workers)
        log = folder / "logs" / "grpc.log"
        front = Front(options.host, options.grpc_port, options.port, log)
        drivers = _drivers(options, folder, tier)
        _run(Node(folder, options.port, tier, listeners, front, drivers))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return _leave(EXIT_PORT_TAKEN, f"Port {options.port} is taken by another program.")
    finally:
        os.close(lock)
    return 0


class Node:
    """Wires workers, journal and supervisor to the state folder."""

    def __init__(
        self,
        folder: Path,
        port: int,
        tier: Tier,
        listeners: list[socket.socket],
        front: Front,
        drivers: dict[str, Driver],
    ) -> None:
        self._folder, self._port, self._front = folder, port, front
        self._started_at = dt.datetime.now(dt.UTC)
        self._generation = 0
        self._is_changed = True
        self._desired = files.DesiredFile(folder)
        self._overrides_file, self._overrides = OverridesFile(folder), Overrides()
        self._asked: DesiredState | None = None
        self._epoch = 0
        self._journal = Journal(folder / "journal", f"{time.time_ns() // 1_000_000:013d}")
        make_folders(folder)
        self._workers = Workers(folder, tier, listeners, self._journal, self._changed)
        self._workers.month.add(files.month_spent(folder), time.time())
        self._scaler = Scaler()
        self._state: DesiredState | None = None
        self._supervisor = Supervisor(folder, drivers, self._workers)
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop, then drain."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)
        self._follow()
        try:
            await self._work()
        finally:
            await self._drain()

    async def _work(self) -> None:
        observed_at = 0.0
        while not self._stop.is_set():
            self._follow()
            self._scale()
            await self._workers.tick()
            await self._supervisor.tick()
            await self._front.tick()
            now = time.monotonic()
            if self._is_changed or now - observed_at >= OBSERVE_SECONDS:
                self._is_changed, observed_at = False, now
                await self._write_observed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), TICK_SECONDS)

    def _follow(self) -> None:
        before = self._desired.error
        desired, overrides = self._desired.changed(), self._overrides_file.changed()
        self._asked = desired or self._asked
        self._overrides = self._overrides if overrides is None else overrides
        has_news = desired is not None or overrides is not None or self._override_is_due()
        if self._asked is not None and has_news:
            self._serve(self._asked)
        elif self._desired.error not in {None, before}:
            _say(str(self._desired.error))

    def _override_is_due(self) -> bool:
        waiting = [one for one in self._overrides.overrides if not one.is_serving]
        return any(self._workers.is_ready(one.good.server.id) for one in waiting)

    def _serve(self, asked: DesiredState) -> None:
        """Serve what was asked for, except where a rollback was decided here."""
        kept = settled(asked, self._overrides)
        state, marked = applied(asked, kept, self._workers.is_ready)
        if marked != self._overrides:
            self._overrides = marked
            self._overrides_file.write(marked)
        self._epoch += 1
        self._apply(state.model_copy(update={"epoch": self._epoch}))

    def _reported(self) -> tuple[Override, ...]:
        """Give the overrides; one serves when every worker has the table that says so."""
        if self._workers.epoch >= self._epoch:
            return self._overrides.overrides
        return tuple(
            one.model_copy(update={"is_serving": False}) for one in self._overrides.overrides
        )

    def _apply(self, desired: DesiredState) -> None:
        self._state = desired
        self._scaler.want(desired.servers, time.monotonic())
        self._start_and_stop(desired)

    def _start_and_stop(self, desired: DesiredState) -> None:
        # The table first: a server that is to stop must not be chosen any more.
        self._workers.apply(self._scaler.table(desired))
        self._supervisor.apply(self._scaler.processes())
        self._changed()

    def _scale(self) -> None:
        """Follow load and rest: more processes, fewer, none, or a new one for one grown large."""
        now, woken = time.monotonic(), self._workers.woken
        has_woken = [self._scaler.wake(server_id, now) for server_id in sorted(woken)]
        woken.clear()
        is_other = self._scaler.look(
            self._workers.loads, self._supervisor.observed, now, self._supervisor.replicas
        )
        if self._state is not None and (is_other or any(has_woken)):
            self._start_and_stop(self._state)

    def _changed(self) -> None:
        self._is_changed = True

    async def _write_observed(self) -> None:
        if self._workers.generation >= 0:  # none: a worker is being started
            self._generation = self._workers.generation
        servers = self._supervisor.observed()
        self._workers.month.turn(time.time())
        state = ObservedState(
            generation=self._generation,
            node_pid=os.getpid(),
            started_at=self._started_at,
            written_at=dt.datetime.now(dt.UTC),
            port=self._port,
            grpc_port=self._front.port,
            servers=self._scaler.shown(servers, self._workers.lane_of, time.monotonic()),
            workers=self._workers.observed(),
            overrides=self._reported(),
            dropped_records=self._journal.dropped,
            dropped_at=self._journal.ledger.dropped_at,
            journal_error=self._journal.error,
            month=self._workers.month.name,
            month_calls=self._workers.month.calls,
            month_tokens=self._workers.month.tokens,
        )
        try:
            await asyncio.to_thread(files.write_observed, self._folder, state)
        except OSError as error:
            _say(f"observed.json could not be written: {error}")

    async def _drain(self) -> None:
        self._front.drain()  # before the gateway, which its calls still need
        await self._end_front(DRAIN_SECONDS)
        await self._workers.shut_down(DRAIN_SECONDS)
        await self._supervisor.shut_down(5.0)
        await asyncio.to_thread(self._journal.close)
        await self._write_observed()

    async def _end_front(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._front.is_gone and time.monotonic() < end:
            await asyncio.sleep(0.02)
            await self._front.tick()
        self._front.kill()


def _version(options: argparse.Namespace) -> str:
    """Name the code and what it was started with: a node of another one is to be replaced."""
    engine = f"+docker={options.docker_socket}" if options.docker_socket else ""
    cluster = ""
    if options.kubernetes:
        named = (options.kubernetes, options.kubernetes_prefix, options.kubernetes_callers)
        cluster = "+kubernetes=" + ",".join(named)
    return files.code_version() + engine + cluster


def _drivers(options: argparse.Namespace, folder: Path, tier: Tier) -> dict[str, Driver]:
    found: dict[str, Driver] = {"process": ProcessDriver(tier)}
    if options.docker_socket is not None:
        from .drivers.docker import DockerDriver

        found["docker"] = DockerDriver(folder, options.docker_socket)
    if options.kubernetes:
        from .drivers.kubernetes.driver import KubernetesDriver

        callers = tuple(one.strip() for one in options.kubernetes_callers.split(",") if one.strip())
        named = (options.kubernetes, options.kubernetes_prefix, callers)
        found["kubernetes"] = KubernetesDriver(folder, *named, options.workers)
    return found


def _run(node: Node) -> None:
    import uvloop

    uvloop.run(node.run())


def _listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Open a socket per worker on one port; the kernel spreads callers over them."""
    for _ in range(25):  # the port of a node that was just killed frees itself
        try:
            return _sockets(host, port, count)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            time.sleep(0.2)
    return _sockets(host, port, count)


def _sockets(host: str, port: int, count: int) -> list[socket.socket]:
    (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    _require_free(family, address)
    made: list[socket.socket] = []
    try:
        for _ in range(count):
            one = socket.socket(family, kind, protocol)
            made.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(address)
            one.listen(BACKLOG)
    except OSError:
        for one in made:
            one.close()
        raise
    return made


def _require_free(family: int, address: Any) -> None:
    """Refuse a port that another program holds, also one that shares it."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _leave(code: int, reason: str) -> int:
    _say(reason)
    return code


def _say(text: str) -> None:
    print(f"node: {text}", file=sys.stderr, flush=True)  # noqa: T201 - stderr is the node's log


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelyard_runtime.node")
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--grpc-port", type=int, default=0, help="0: no gRPC")
    workers = min(os.cpu_count() or 1, MAX_WORKERS)
    parser.add_argument("--workers", type=int, default=workers, help="gateway workers")
    parser.add_argument("--tier", choices=["auto", "bwrap", "landlock", "none"], default="auto")
    parser.add_argument("--allow-unsandboxed", action="store_true")
    parser.add_argument("--docker-socket", type=Path, help="engine of the driver `docker`")
    parser.add_argument("--kubernetes", default="", help="kubeconfig, or `in-cluster`")
    parser.add_argument("--kubernetes-prefix", default="modelyard", help="of namespaces' names")
    parser.add_argument("--kubernetes-callers", default="", help="networks the node calls from")
    parser.add_argument("--version", action="store_true", help="print the code version and leave")
    return parser


if __name__ == "__main__":
    sys.exit(main())
