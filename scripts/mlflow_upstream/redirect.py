"""A pytest plugin for MLflow's tests: the servers that they start are Modelyard's one.

Each start of a server becomes a new workspace with a token of its own. The tests of stores get the
client's REST store on the server that is asked, Modelyard or a genuine one.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
import requests

IS_OURS = os.environ["UPSTREAM_PEER"] == "ours"
STORE = os.environ["UPSTREAM_STORE"]
PORT = int(os.environ["UPSTREAM_PORT"])
URL = f"http://127.0.0.1:{PORT}"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
PLAIN = re.compile(r"(\w[\w.-]*(/\w[\w.-]*)*)?")
PATIENCE = 120
"""Seconds, or tries, that a genuine server has to start on a busy machine."""
now: dict[str, str] = {}
"""The workspace of the test that runs: its token, and a run for files."""


def fresh() -> str:
    """Make a workspace and let every request be its owner's; give the server's address."""
    import mlflow

    with urllib.request.urlopen(f"http://127.0.0.1:{PORT + 1}/") as answer:
        now.clear()
        now.update(json.load(answer))
    os.environ.update(MLFLOW_TRACKING_TOKEN=now["token"], MLFLOW_TRACKING_URI=URL)
    mlflow.set_tracking_uri(URL)
    return URL


def forget() -> None:
    """Leave the workspace."""
    import mlflow

    for name in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_URI"):
        os.environ.pop(name, None)
    mlflow.set_tracking_uri(None)


class Server:
    """Stands for the suite's server in a thread."""

    def __init__(self, *_: object, **__: object) -> None:
        self.url = URL

    def __enter__(self) -> str:
        return fresh()

    def __exit__(self, *_: object) -> None:
        forget()


@contextlib.contextmanager
def started(*_: object, **__: object) -> Iterator[str]:
    """Stand for a server in a process that the test asks by its address."""
    yield fresh()


@contextlib.contextmanager
def launched(*_: object, **__: object) -> Iterator[SimpleNamespace]:
    """Stand for a server in a process that the test ends by its number."""
    fresh()
    yield SimpleNamespace(pid=0)


def with_token(send: Callable[..., Any]) -> Callable[..., Any]:
    """Sign requests that the tests make themselves, and put files where files may be."""

    def signed(self: requests.Session, request: Any, **more: Any) -> Any:
        if request.url.startswith((URL, f"http://localhost:{PORT}")) and now:
            request.headers.setdefault("Authorization", f"Bearer {now['token']}")
            give_place(request)
        return send(self, request, **more)

    return signed


def give_place(request: Any) -> None:
    """Put files that a test has at the root of the store below a run."""
    asked = urlsplit(request.url)
    if not asked.path.startswith(FILES):
        return
    path, query = asked.path.removeprefix(FILES).strip("/"), asked.query
    place = path or parse_qs(query).get("path", [""])[0]
    if place.startswith(("runs/", "models/")) or not PLAIN.fullmatch(place):
        return
    if "root" not in now:
        now["root"] = a_run()
    below = f"runs/{now['root']}/{place}".rstrip("/")
    whole, query = (f"{FILES}/{below}", query) if path else (FILES, urlencode({"path": below}))
    request.url = urlunsplit(asked._replace(path=whole, query=query))


def a_run() -> str:
    """Make a run of the Default experiment."""
    asked = {"experiment_id": "0", "start_time": 1}
    made = ask("post", "/api/2.0/mlflow/runs/create", json=asked)
    return str(made.json()["run"]["info"]["run_id"])


def ask(method: str, path: str, **more: Any) -> Any:
    """Ask Modelyard for what a test needs."""
    answer = requests.request(method, f"{URL}{path}", **more)
    answer.raise_for_status()
    return answer


if IS_OURS or STORE:
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
if IS_OURS:
    requests.Session.send = with_token(requests.Session.send)  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def _modelyard() -> Iterator[None]:
    if not IS_OURS:
        name_examples()
        yield
        return
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHONPATH"))}
    serve, jobs = Path(__file__).with_name("serve.py"), os.environ["UPSTREAM_JOBS"]
    program = [os.environ["UPSTREAM_PYTHON"], serve, str(PORT), jobs]
    with subprocess.Popen(program, env=plain) as process:
        while True:
            try:
                urllib.request.urlopen(f"{URL}/health").read()
                break
            except OSError:
                assert process.poll() is None, "Modelyard ended."
                time.sleep(0.2)
        yield
        process.terminate()


def name_examples() -> None:
    """Give the suites' example hosts a public address on a machine that resolves no names."""
    from mlflow.utils import validation

    resolve = validation._resolve_hostname_with_timeout

    def resolved(hostname: str, *more: object) -> Any:
        if hostname.endswith("example.com"):
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]
        return resolve(hostname, *more)

    validation._resolve_hostname_with_timeout = resolved


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Put Modelyard where a test module starts a server."""
    stands = {
        "ServerThread": Server,
        "_init_server": started,
        "_run_mlflow_server": started,
        "_launch_server": launched,
    }
    for module in {item.module for item in items}:
        for name in ("_await_server_up_or_die", "wait_until_ready"):
            if hasattr(module, name):
                getattr(module, name).__defaults__ = (PATIENCE,)
        for name, stand in stands.items():
            if IS_OURS and hasattr(module, name):
                setattr(module, name, stand)
        if IS_OURS and hasattr(module, "_launch_server"):
            module.get_safe_port = lambda: PORT


def rest_store(url: str) -> Any:
    """Give the client's REST store of a server."""
    from mlflow.store.model_registry.rest_store import RestStore as Registry
    from mlflow.store.tracking.rest_store import RestStore as Tracking
    from mlflow.utils.rest_utils import MlflowHostCreds

    class Runs(Tracking):
        """Takes nothing for what MLflow's own store takes nothing for: no tags, any number."""

        def create_run(self, *asked: Any, tags: Any = None, **more: Any) -> Any:
            if len(asked) > 3:
                asked = (*asked[:3], asked[3] or [], *asked[4:])
            else:
                more["tags"] = tags or []
            return super().create_run(*asked, **more)

        def search_experiments(self, *asked: Any, **more: Any) -> Any:
            if len(asked) < 2 and more.get("max_results") is None:
                more["max_results"] = 1000
            return super().search_experiments(*asked, **more)

    kind = Registry if STORE == "registry" else Runs
    return kind(lambda: MlflowHostCreds(url, token=now.get("token")))


def store_of_peer(tmp_path: Path, db_uri: str) -> Iterator[Any]:
    """Stand for the suites' fixture `store`."""
    if IS_OURS:
        yield rest_store(fresh())
        return
    from mlflow.server import handlers

    handlers._tracking_store = handlers._model_registry_store = None
    handlers.initialize_backend_stores(db_uri, default_artifact_root=tmp_path.as_uri())
    yield rest_store(genuine())
    for kept in (handlers._tracking_store, handlers._model_registry_store):
        kept.engine.dispose()


@functools.cache
def genuine() -> str:
    """Start the genuine server that the tests of stores share; each has its own database."""
    from mlflow.server.fastapi_app import app
    from tests.helper_functions import get_safe_port
    from tests.tracking.integration_test_utils import ServerThread, _await_server_up_or_die

    server = ServerThread(app, get_safe_port())
    server.start()
    _await_server_up_or_die(server.port, PATIENCE)
    return str(server.url)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: Any) -> None:
    """Put the REST store where a test asks for the store."""
    for item in session.items if STORE else ():
        info = item._fixtureinfo
        if "store" not in info.name2fixturedefs:
            continue
        for definition in info.name2fixturedefs["store"]:
            definition.func, definition.argnames = store_of_peer, ("tmp_path", "db_uri")
        for name in ("tmp_path", "db_uri", "cached_db"):
            if name not in info.name2fixturedefs:
                made = session._fixturemanager.getfixturedefs(name, item)
                info.name2fixturedefs[name] = made
                item.fixturenames.append(name)
