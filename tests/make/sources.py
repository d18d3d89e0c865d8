"""Places outcomes are pulled from: a database of its own at a port, a bucket, files over HTTP."""

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
from sqlalchemy import delete
from sqlalchemy.engine import make_url

from modelyard_server.kernel import jobs
from modelyard_server.monitoring import outcome_sources

from .fixtures import TeamSpace


@contextmanager
def a_port_of(folder: str) -> Iterator[tuple[int, list[str]]]:
    """Let a PostgreSQL that listens on a Unix socket be called at a port; note who connects."""
    front = socket.create_server(("127.0.0.1", 0))
    callers: list[str] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, peer = front.accept()
                callers.append(peer[0])
                far = socket.socket(socket.AF_UNIX)
                far.connect(f"{folder}/.s.PGSQL.5432")
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield front.getsockname()[1], callers
    finally:
        front.shutdown(socket.SHUT_RDWR)
        front.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError), closing(sink):
        while chunk := source.recv(65536):
            sink.sendall(chunk)


@dataclass
class Labels:
    """A table of labels in a schema of its own, and the place it is pulled from."""

    connection: psycopg.Connection[Any]
    schema: str
    port: int
    callers: list[str]

    @property
    def table(self) -> str:
        return f"{self.schema}.labels"

    def place(self, **changed: Any) -> dict[str, Any]:
        return {
            "kind": "postgresql",
            "host": "127.0.0.1",
            "port": self.port,
            "database": "modelyard",
            "user": "modelyard",
            "password": "hunter2hunter2",
            "query": self.table,
            "growing": "written_at",
            "tls": "off",
        } | changed

    def run(self, statement: str, *given: Any) -> Any:
        """Run a statement, with `@` for the schema."""
        return self.connection.execute(statement.replace("@", self.schema), given)

    def add(self, *rows: tuple[Any, ...]) -> None:
        """Add (prediction id, outcome, when it was written)."""
        for row in rows:
            self.run("INSERT INTO @.labels VALUES (%s, %s, %s)", *row)


@contextmanager
def a_table_of_labels(postgres_url: str) -> Iterator[Labels]:
    folder = str(make_url(postgres_url).query["host"])
    schema = f"labels_{uuid.uuid4().hex[:8]}"
    url = f"postgresql://modelyard@/modelyard?host={folder}"
    with psycopg.connect(url, autocommit=True) as connection, a_port_of(folder) as (port, callers):
        connection.execute(f"CREATE SCHEMA {schema}")
        labels = Labels(connection, schema, port, callers)
        labels.run("CREATE TABLE @.labels (call_id text, really text, written_at timestamptz)")
        try:
            yield labels
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@dataclass
class Shelf:
    """A file behind an address, with an ETag when it is told to give one."""

    content: bytes = b""
    tag: str | None = None
    status: int = 200
    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/labels.csv?signature=s3cr3t"


@contextmanager
def a_shelf() -> Iterator[Shelf]:
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append({name.lower(): value for name, value in self.headers.items()})
            same = shelf.tag is not None and self.headers.get("If-None-Match") == shelf.tag
            self.send_response(304 if same else shelf.status)
            if shelf.tag:
                self.send_header("ETag", shelf.tag)
            if 300 <= shelf.status < 400:
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            body = b"" if same else shelf.content
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()


def run_pulls(workspace: TeamSpace) -> int:
    """Do what a worker does with the pulls that wait; other jobs are forgotten."""
    platform, done = workspace.platform, 0
    worker = jobs.Worker(platform.database, platform.services, threads=0)
    with platform.database.platform_session() as db:
        other = jobs.Job.owner_workspace_id != workspace.id
        db.execute(delete(jobs.Job).where(other | (jobs.Job.kind != outcome_sources.PULL)))
    while waiting(workspace):
        worker.run_one()
        done += 1
    return done


def waiting(workspace: TeamSpace) -> int:
    """Give how many pulls wait to be run."""
    with workspace.platform.database.platform_session(write=False) as db:
        return (
            db.query(jobs.Job)
            .filter(
                jobs.Job.owner_workspace_id == workspace.id,
                jobs.Job.kind == outcome_sources.PULL,
                jobs.Job.state == "ready",
            )
            .count()
        )
