"""`ComputeDriver` over the node of this machine."""

from __future__ import annotations

import datetime as dt
import fcntl
import http.client
import json
import os
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard_protocol.routing import (
    DESIRED_FILE,
    OBSERVED_FILE,
    RESERVE_FILE,
    DesiredState,
    ObservedState,
    Reserve,
)
from modelyard_server.deployments.errors import NodeUnreachable
from modelyard_server.deployments.ports import NodeAnswer
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.late import Streamed
from modelyard_server.settings import Settings

from .files import Followed, last_lines, write_atomically
from .keeper import NodeKeeper

FRESH_SECONDS = 3.0
CALL_SECONDS = 35.0
FAULT_SECONDS = 5.0
SILENT_SECONDS = 115.0  # a little more than the gateway waits for a language model's next word
CHUNK_BYTES = 16 * 1024
_NO_ANSWER = "The inference node does not answer; it is being restarted. Try again in a moment."
MAX_ANSWER_BYTES = 32 * 1024 * 1024


class LocalNode:
    """Desired state in, observed state out; a keeper that keeps the process alive."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data_dir.absolute() / "node"
        self._name = uuid.uuid4().hex.encode()
        self._environments = self._folder / "environments"
        self._desired = Followed(self._folder / DESIRED_FILE, DesiredState)
        self._observed = Followed(self._folder / OBSERVED_FILE, ObservedState)
        self._reserve = Followed(self._folder / RESERVE_FILE, Reserve)
        self._keeper = NodeKeeper(
            self._folder,
            host=settings.gateway_host,
            port=settings.gateway_port,
            options=_options(settings),
        )

    def observed(self) -> ObservedState | None:
        """Give what the node wrote last; `None` when it never wrote."""
        return self._observed.read()

    def journal_dir(self) -> Path:
        """Give the folder of the prediction journals."""
        return self._folder / "journal"

    def fault(self) -> str | None:
        """Ask the gateway whether it answers; give what is wrong, `None` when nothing is."""
        if self.observed() is None:
            return "No node has started yet."
        connection = self._connection(FAULT_SECONDS)
        try:
            connection.request("GET", "/livez")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"The gateway does not answer ({type(error).__name__})."
        finally:
            connection.close()
        return None if status == 200 else f"The gateway answers with {status}."

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep every other process from asking; gives whether this one asked last."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._folder / "asking.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield os.pread(descriptor, 100, 0) == self._name
            os.pwrite(descriptor, self._name, 0)
        finally:
            os.close(descriptor)

    def desired(self) -> DesiredState:
        """Give what was asked for last; an empty state before the first time."""
        return self._desired.read() or DesiredState(generation=0)

    def apply(self, desired: DesiredState) -> None:
        """Ask for a state, durably."""
        content = desired.model_dump_json(indent=1).encode()
        write_atomically(self._folder / DESIRED_FILE, content)
        wanted = {spec.id for spec in desired.servers} | self._returnable()
        for path in self._environments.glob("*.json"):
            if path.stem not in wanted:
                path.unlink(missing_ok=True)

    def keep_reserve(self, reserve: Reserve) -> None:
        """Leave with the node what it may return to while the control plane is down."""
        if self._reserve.read() != reserve:
            write_atomically(self._folder / RESERVE_FILE, reserve.model_dump_json().encode())

    def _returnable(self) -> set[str]:
        """Name the servers whose variables are kept for a rollback that the node decides."""
        kept, seen = self._reserve.read(), self.observed()
        found = [good for own in kept.routes.values() for good in own] if kept else []
        found += [one.good for one in seen.overrides] if seen else []
        return {good.server.id for good in found}

    def keep_environment(self, server_id: str, make: Callable[[], dict[str, str]]) -> str:
        """Give the file with a model server's environment variables; made once, then kept."""
        path = self._environments / f"{server_id}.json"
        if not path.exists():
            write_atomically(path, json.dumps(make()).encode())
        return str(path)

    def is_up(self) -> bool:
        """Tell whether the node wrote its state a moment ago."""
        observed = self.observed()
        return observed is not None and utcnow() - observed.written_at < dt.timedelta(
            seconds=FRESH_SECONDS
        )

    def log_lines(self, server_id: str, tail: int) -> list[str]:
        """Give the last lines a model server printed."""
        if not server_id.isalnum():
            return []
        logs = [*(self._folder / "logs").glob(f"{server_id}*.log")]  # one for each process
        newest = max(logs, key=lambda path: path.stat().st_mtime_ns, default=None)
        return last_lines(newest, tail) if newest is not None else []

    def call(self, path: str, body: bytes, headers: dict[str, str]) -> NodeAnswer:
        """POST to the gateway.

        Raises:
            NodeUnreachable: it does not answer.
        """
        connection = self._connection(CALL_SECONDS)
        began = time.perf_counter()
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            content = answer.read(MAX_ANSWER_BYTES)
        except OSError as error:
            raise NodeUnreachable(_NO_ANSWER) from error
        finally:
            connection.close()
        took = (time.perf_counter() - began) * 1000
        named = {name.lower(): value for name, value in answer.getheaders()}
        return NodeAnswer(answer.status, named, content, took)

    def follow(self, path: str, body: bytes, headers: dict[str, str]) -> Streamed:
        """POST to the gateway and read its answer as it comes.

        Raises:
            NodeUnreachable: it does not answer.
        """
        connection = self._connection(SILENT_SECONDS)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
        except OSError as error:
            connection.close()
            raise NodeUnreachable(_NO_ANSWER) from error
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Streamed(answer.status, named, _chunks(connection, answer))

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        host = self._settings.gateway_host
        host = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104
        return http.client.HTTPConnection(host, self._settings.gateway_port, timeout=seconds)

    def start(self) -> None:
        """Start the node, or adopt the one that runs, and keep it running."""
        self._keeper.start()

    def stop(self) -> None:
        """Stop keeping, and stop the node."""
        self._keeper.stop()


def _chunks(
    connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
) -> Generator[bytes]:
    try:
        while chunk := answer.read1(CHUNK_BYTES):
            yield chunk
    finally:
        connection.close()


def _options(settings: Settings) -> list[str]:
    options = ["--allow-unsandboxed"] if settings.allow_unsandboxed_code else []
    if settings.docker_socket:
        options += ["--docker-socket", settings.docker_socket]
    if settings.cluster:
        options += ["--kubernetes", settings.cluster]
        options += ["--kubernetes-prefix", settings.kubernetes_prefix]
        options += ["--kubernetes-callers", settings.kubernetes_callers]
    return [*options, "--grpc-port", str(settings.grpc_port)] if settings.grpc_port else options
