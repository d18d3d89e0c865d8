"""What callers hear while the database takes no connections, and that all is well after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from tests.make.fixtures import Platform, TeamSpace

from modelyard_server.kernel.db import is_out_of_reach

SEARCH = "/api/2.0/mlflow/experiments/search"


@contextmanager
def gone(url: str) -> Iterator[None]:
    """End all connections of the test's database, and let nobody in."""
    with psycopg.connect(
        url.replace("modelyard@", "postgres@", 1).replace("/modelyard?", "/postgres?", 1),
        autocommit=True,
    ) as connection:
        connection.execute("ALTER DATABASE modelyard ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'modelyard'"
        )
        try:
            yield
        finally:
            connection.execute("ALTER DATABASE modelyard ALLOW_CONNECTIONS true")


def test_a_database_that_is_gone_is_said_and_forgotten_when_it_is_back(
    postgres_platform: Platform, postgres_url: str
) -> None:
    space: TeamSpace = postgres_platform.a_workspace()
    http: TestClient = space.client("admin")
    assert http.get("/api/v1/models").status_code == 200
    with gone(postgres_url):
        for _ in range(2):
            refused = http.get("/api/v1/models")
            assert (refused.status_code, refused.json()["code"]) == (
                503,
                "request.database_unavailable",
            )
            assert int(refused.headers["retry-after"]) >= 1
        as_mlflow = http.post(SEARCH, json={"max_results": 1})
        assert (as_mlflow.status_code, as_mlflow.json()["error_code"]) == (
            503,
            "TEMPORARILY_UNAVAILABLE",
        )
        ready = http.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert http.get("/livez").status_code == 200
    assert http.get("/readyz").json()["parts"]["database"] == "ok"
    assert http.get("/api/v1/models").status_code == 200
    assert http.post(SEARCH, json={"max_results": 1}).status_code == 200


def test_a_statement_that_is_wrong_stays_a_failure_of_ours(sqlite_platform: Platform) -> None:
    with (
        sqlite_platform.database.platform_session(write=False) as db,
        pytest.raises(OperationalError) as failed,
    ):
        db.execute(text("SELECT nothing FROM nowhere"))
    assert not is_out_of_reach(failed.value)
