"""Servers on real ports, and the plain MLflow client pointed at them."""

from collections.abc import Callable, Iterator

import mlflow
import pytest
from tests.make.live import live_server, server_process  # noqa: F401 - fixtures


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., mlflow.MlflowClient]]:
    """Point the unmodified client at a server, with a token; one try for each request."""

    def point(url: str, token: str) -> mlflow.MlflowClient:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        mlflow.set_tracking_uri(url)
        mlflow.set_registry_uri(url)
        return mlflow.MlflowClient(url)

    yield point
    while mlflow.active_run() is not None:
        mlflow.end_run()
