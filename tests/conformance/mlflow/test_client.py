"""The unmodified client: the installed release, and the newest of the minor before it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from packaging.version import Version
from starlette.routing import compile_path

from modelyard_server.workspaces.access import every_route
from tests.conformance.test_reference import reference

from . import story

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own notes on its dependencies
NOT_CALLED = {
    "GET /api/2.0/mlflow/metrics/get-history-bulk-interval": "MLflow's pages; integration/tracking",
    "GET /api/2.0/mlflow/experiments/search": "older clients; newer ones send POST",
    "GET /api/2.0/mlflow/registered-models/get-latest-versions": "older clients",
    "POST /api/2.0/mlflow/runs/log-model": "clients before MLflow 3; integration/tracking",
    "GET /api/2.0/mlflow/artifacts/list": "the client lists through mlflow-artifacts",
    "GET /api/2.0/mlflow/logged-models/{model_id}/artifacts/directories": "the same",
    "POST /api/3.0/mlflow/traces/batchGetInfos": "the client's store alone",
    "PATCH /api/3.0/mlflow/traces/{trace_id}/tags": "the client sends it under 2.0",
    "DELETE /api/3.0/mlflow/traces/{trace_id}/tags": "the same",
    "POST /api/3.0/mlflow/traces/delete-traces": "the same",
    "GET /api/2.0/mlflow/traces": "clients before MLflow 3; integration/traces",
    "GET /api/2.0/mlflow/traces/{request_id}/info": "the same",
    "DELETE /api/3.0/mlflow/workspaces/{workspace_name}": "ends its token: the test of its own",
    "GET /api/3.0/mlflow/datasets/search": "older clients; newer ones send POST",
    "GET /api/3.0/mlflow/datasets/{dataset_id}/experiment-ids": "they come with the data set",
    "POST /api/2.0mlflow/experiments/search-datasets": "MLflow's pages; integration/tracking",
    "POST /ajax-api/2.0/mlflow/experiments/search-datasets": "the same",
    "GET /ajax-api/2.0/mlflow/metrics/get-history-bulk": "the same",
    "POST /ajax-api/2.0/mlflow/upload-artifact": "the same",
    "GET /ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files": "the same",
    "GET /get-artifact": "the same",
    "GET /model-versions/get-artifact": "the same",
    "GET /ajax-api/2.0/mlflow/get-trace-artifact": "MLflow's pages; integration/traces",
    "GET /ajax-api/3.0/mlflow/get-trace-artifact": "the same",
    "GET /health": "operators",
    "GET /version": "operators",
}
"""Supported endpoints that the client's public methods do not reach, each with the reason."""


TOLD = set()
"""Chapters that the server has heard."""


@pytest.mark.parametrize("chapter", story.CHAPTERS, ids=lambda chapter: chapter.__name__)
def test_the_installed_client(client, chapter):
    chapter()
    TOLD.add(chapter)


def test_the_story_calls_every_endpoint_we_have(client, live):
    for chapter in story.CHAPTERS:
        if chapter not in TOLD:  # tests run in any order
            chapter()
            TOLD.add(chapter)
    ours = {
        (method, compile_path(path)[0].pattern)
        for path, route in every_route(live.platform.app)
        for method in getattr(route, "methods", None) or ()
    }
    missed = []
    for method, path in reference.mlflow_endpoints():
        pattern = compile_path(reference.as_routed(path))[0]
        if (method, pattern.pattern) not in _unnamed(ours, pattern.pattern):
            continue
        if not any(m == method and pattern.fullmatch(p) for m, p in live.called):
            missed.append(f"{method} {path}")
    assert set(missed) - set(NOT_CALLED) == set()


def test_a_workspace_in_the_address(live, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", live.token)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    inside = f"{live.url}/w/{live.space.slug}"
    theirs = f"{live.url}/w/{live.platform.a_workspace().slug}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", inside)
    client = mlflow.MlflowClient(inside, inside)
    run_id = client.create_run("0").info.run_id
    client.log_text(run_id, "here", "a.txt")
    assert Path(client.download_artifacts(run_id, "a.txt", str(tmp_path))).read_text() == "here"
    with pytest.raises(mlflow.exceptions.MlflowException, match="belongs to workspace"):
        mlflow.MlflowClient(theirs, theirs).get_experiment("0")


def test_a_workspace_is_deleted_with_a_token_of_its_own(live, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    space = live.platform.a_workspace()
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", space.a_token("owner"))
    client = mlflow.MlflowClient(live.url, live.url)
    client.create_experiment("boxes")
    with pytest.raises(mlflow.exceptions.MlflowException, match="at least one workspace"):
        client.delete_workspace(space.slug, mode="CASCADE")
    client.create_workspace(f"{space.slug}-two")
    client.delete_workspace(space.slug, mode="CASCADE")
    with pytest.raises(mlflow.exceptions.MlflowException, match="token"):
        client.get_experiment("0")


@pytest.fixture(scope="session")
def older_python() -> Path:
    """Give an interpreter with the newest client of the minor before; made once, then kept."""
    installed = Version(mlflow.__version__)
    wanted = f">={installed.major}.{installed.minor - 1},<{installed.major}.{installed.minor}"
    folder = ROOT / ".make" / f"mlflow-{installed.major}.{installed.minor - 1}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run(
            [*uv, "venv", "-q", "--clear", "--python", sys.executable, folder], check=True
        )
        packages = [f"mlflow-skinny{wanted}", "pandas"]
        subprocess.run([*uv, "pip", "install", "-q", "--python", python, *packages], check=True)
        (folder / "complete").touch()
    return python


def test_the_client_of_the_minor_before(live, older_python, tmp_path):
    space = live.platform.a_workspace()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "MLFLOW_TRACKING_URI": live.url,
        "MLFLOW_TRACKING_TOKEN": space.a_token("owner"),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    told = subprocess.run(
        [older_python, story.__file__],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    heard = json.loads(told.stdout.strip().splitlines()[-1])
    assert Version(heard["version"]).minor == Version(mlflow.__version__).minor - 1
    wrong = {name: outcome for name, outcome in heard["chapters"].items() if outcome != "ok"}
    assert wrong == {}
    assert set(heard["chapters"]) == {chapter.__name__ for chapter in story.CHAPTERS}


def _unnamed(ours, pattern):
    """Compare route patterns without the names of their parameters."""
    plain = re.sub(r"\(\?P<\w+>", "(?P<_>", pattern)
    return {
        (method, pattern) for method, own in ours if re.sub(r"\(\?P<\w+>", "(?P<_>", own) == plain
    }
