"""A live server that notes which of its routes were called, and MLflow's client pointed at it."""

from collections.abc import Iterator
from dataclasses import dataclass

import mlflow
import pytest

from tests.make.fixtures import Platform, TeamSpace
from tests.make.live import serving


@dataclass
class Live:
    """Where the server is, and for whom."""

    url: str
    space: TeamSpace
    token: str
    platform: Platform
    called: set[tuple[str, str]]


@pytest.fixture(scope="package")
def live(sqlite_platform: Platform) -> Iterator[Live]:
    app, called = sqlite_platform.app, set()

    async def noted(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        statuses: list[int] = []

        async def sent(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await app(scope, receive, sent)
        if statuses and statuses[0] < 400:
            called.add((scope["method"], scope["path"]))

    noted.state = app.state  # type: ignore[attr-defined] # where `serving` says that it stops
    space = sqlite_platform.a_workspace()
    with serving(noted) as url:  # type: ignore[arg-type]
        yield Live(url, space, space.a_token("owner"), sqlite_platform, called)


@pytest.fixture
def client(live: Live, monkeypatch: pytest.MonkeyPatch) -> Iterator[mlflow.MlflowClient]:
    """The installed client with nothing but an address and a token."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", live.token)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    mlflow.set_tracking_uri(live.url)
    mlflow.set_registry_uri(live.url)
    yield mlflow.MlflowClient()
    while mlflow.active_run() is not None:
        mlflow.end_run()
