"""Commands of the control plane: serve, migrate, links, the public contract."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from . import app as composition
from . import processes
from .adapters.compute.keeper import holder
from .identity import service as identity
from .kernel import clock, starting, telemetry
from .kernel.db import Database
from .kernel.services import Services
from .migrations import state
from .settings import Settings

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False
)

_TAKEN = 98
_FREES_ITSELF_SECONDS = 2.0  # the port of a process that was just killed


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API and web application.")] = None,
    gateway_port: Annotated[int | None, typer.Option(help="Port for predictions.")] = None,
    grpc_port: Annotated[int | None, typer.Option(help="Port for predictions over gRPC.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of everything we keep.")] = None,
) -> None:
    """Start Modelyard: API, web application, background work and the inference node."""
    settings = _settings(
        host=host, port=port, gateway_port=gateway_port, grpc_port=grpc_port, data_dir=data_dir
    )
    telemetry.configure(json_lines=settings.log_json, level=settings.log_level)
    if missing := processes.missing_for_several(settings):
        raise _stop(missing)
    with _only_one(settings.data_dir), _listen(settings) as listener:
        _require_gateway_port(settings)
        database = Database(settings.database)
        state.upgrade(database)
        services = composition.compose(settings, database)
        made = composition.create_app(services)
        _greet(settings, database)
        starting.done()
        with processes.running(settings, listener):
            _server(made).run(sockets=[listener])


@app.command(hidden=True)
def answer(listener: int, lifeline: int) -> None:
    """Answer the API on an inherited socket until the process that started this one is gone."""
    settings = _settings()
    telemetry.configure(json_lines=settings.log_json, level=settings.log_level)
    services = composition.compose(settings)
    made = composition.create_app(services, run_background=False)
    starting.done()
    server = _server(made)
    processes.when_first_ends(lifeline, lambda: setattr(server, "should_exit", True))
    server.run(sockets=[socket.socket(fileno=listener)])


def _server(made: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(
        made,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    made.state.is_stopping = lambda: server.should_exit  # ends the live streams
    return server


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    database = Database(_settings().database)
    state.upgrade(database)
    typer.echo(f"Schema is at {state.head()}.")


@app.command()
def setup_link() -> None:
    """Print a fresh one-time link that creates the first owner."""
    settings = _settings()
    database = Database(settings.database)
    with database.platform_session() as db:
        if not identity.needs_owner(db):
            raise _stop("The first owner exists already; ask them for an invitation.")
        token = identity.issue_setup_token(db)
    typer.echo(f"{settings.browser_url}/setup?token={token}")


@app.command()
def reset_link(email: Annotated[str, typer.Argument(help="Address of the account.")]) -> None:
    """Print a one-time link with which a person chooses a new password."""
    settings = _settings()
    database = Database(settings.database)
    with database.platform_session() as db:
        token = identity.issue_reset_link(db, email)
    typer.echo(f"{settings.browser_url}/reset/{token}")


@app.command()
def openapi() -> None:
    """Print the public contract as JSON."""
    made = composition.create_app(_unstored_services(), run_background=False)
    typer.echo(json.dumps(made.openapi(), indent=2, sort_keys=False))


@app.command()
def migration(
    name: Annotated[str, typer.Argument(help="What it does, e.g. add revisions.")],
) -> None:
    """Write a new migration from the difference between models and history."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not slug:
        raise _stop('Name what the migration does: make migration NAME="add revisions"')
    typer.echo(f"Wrote {state.generate(slug, today=clock.utcnow().date())}")


def _settings(**given: object) -> Settings:
    return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _unstored_services() -> Services:
    """Compose on a throw-away folder, for commands that only look at the code."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="modelyard-"))
    return composition.compose(Settings(data_dir=folder, database_url="", manage_node=False))


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: two control planes on one SQLite file would break its single writer."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(data_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _stop(f"Cannot use the data folder {data_dir}: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.pread(handle, 20, 0).decode() or "unknown"
        raise _stop(
            f"Modelyard is already running on {data_dir} (process {pid}). "
            "Stop it first, or choose another folder with MODELYARD_DATA_DIR."
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    try:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    """Open the port before anything else happens, so that a taken port costs nothing."""
    patience = _FREES_ITSELF_SECONDS if settings.api_processes > 1 else 0
    try:
        listener = _bound_soon(settings.host, settings.port, patience)
    except OSError as error:
        raise _stop(
            f"Port {settings.port} on {settings.host} {_why(error)}. "
            f"Choose another one: make run PORT={settings.port + 10}"
        ) from error
    listener.listen(1024)
    listener.set_inheritable(False)
    try:
        yield listener
    finally:
        listener.close()


def _require_gateway_port(settings: Settings) -> None:
    """Stop when the node could not listen; the node that already serves this folder may."""
    if not settings.manage_node:
        return
    deadline = time.monotonic() + _FREES_ITSELF_SECONDS
    while True:
        node = holder(settings.data_dir / "node" / "node.lock")
        if node is not None and node.port in {0, settings.gateway_port}:
            return
        try:
            _bound(settings.gateway_host, settings.gateway_port).close()
        except OSError as error:
            if error.errno == _TAKEN and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _stop(
                f"Port {settings.gateway_port} on {settings.gateway_host}, for predictions, "
                f"{_why(error)}. "
                f"Choose another one: make run GATEWAY_PORT={settings.gateway_port + 10}"
            ) from error
        return


def _bound_soon(host: str, port: int, patience: float) -> socket.socket:
    """Bind a port that the processes of a killed predecessor are about to leave."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno != _TAKEN or time.monotonic() >= deadline:
                raise
        time.sleep(0.1)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it; without, each answer on a kept-alive one may wait 40 ms for an ACK.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


def _why(error: OSError) -> str:
    return "is taken by another program" if error.errno == _TAKEN else str(error.strerror)


def _greet(settings: Settings, database: Database) -> None:
    with database.platform_session() as db:
        token = identity.issue_setup_token(db) if identity.needs_owner(db) else None
    lines = ["", f"  Modelyard is running at {settings.browser_url}"]
    if token is not None:
        lines += [
            "",
            "  Create the first account with this one-time link:",
            f"  {settings.browser_url}/setup?token={token}",
        ]
    lines += [
        "",
        f"  Predictions: {settings.inference_url}",
        f"  Data: {settings.data_dir.absolute()}",
        "",
    ]
    typer.echo("\n".join(lines))
    sys.stdout.flush()


def _stop(sentence: str) -> typer.Exit:
    typer.echo(f"modelyard: {sentence}", err=True)
    return typer.Exit(2)
