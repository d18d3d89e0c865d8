"""Limits through the API, and buckets that two processes share through a real Redis."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.make.deployments import Serving
from tests.make.fixtures import TeamSpace
from tests.make.installation import wait_for
from tests.make.redis import redis_server

from modelyard_server.throttling.buckets import Ask, Limit, connect
from modelyard_server.throttling.errors import TooManyRequests
from modelyard_server.throttling.windows import Windows

LIMITS, MODELS = "/api/v1/rate-limits", "/api/v1/models"
FEW = Limit(per_minute=60, burst=4)


def _set(space: TeamSpace, **body: Any) -> Any:
    answer = space.client("admin").put(LIMITS, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_limit_is_lowered_told_in_headers_and_raised_again(workspace: TeamSpace) -> None:
    reader = workspace.client("viewer")
    reader.get(MODELS)  # its first request tells whose it is
    _set(workspace, route_class="read", subject="key", per_minute=3, burst=3)
    answers = [reader.get(MODELS) for _ in range(5)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert answers[0].headers["RateLimit-Policy"] == "3;w=60;burst=3"
    refused = answers[-1]
    assert refused.json()["code"] == "throttling.too_many_requests"
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert workspace.client("viewer").get(MODELS).status_code == 200

    _set(workspace, route_class="read", subject="key", per_minute=60_000, burst=1000)
    assert reader.get(MODELS).status_code in (200, 429)
    raised = reader.get(MODELS)
    wait_for(lambda: reader.get(MODELS).status_code == 200, 5, lambda: raised.text)


def test_other_workspaces_keep_their_limits(workspace: TeamSpace) -> None:
    _set(workspace, route_class="read", subject="user", per_minute=1, burst=1)
    stranger = workspace.platform.a_workspace().client("viewer")
    assert [stranger.get(MODELS).status_code for _ in range(4)] == [200] * 4


def test_the_list_has_defaults_and_what_was_set(workspace: TeamSpace) -> None:
    made = _set(workspace, route_class="write", subject="user", per_minute=9)
    admin = workspace.client("admin")
    found = admin.get(LIMITS).json()
    assert (found["is_shared"], found["has_redis"]) == (False, False)
    rows = [row for row in found["limits"] if row["route_class"] == "write"]
    assert {(row["subject"], row["per_minute"]) for row in rows} >= {("user", 6000), ("user", 9)}
    assert admin.delete(f"{LIMITS}/{made['id']}").status_code == 204
    assert admin.delete(f"{LIMITS}/{made['id']}").status_code == 404
    wrong = {"route_class": "auto_config", "subject": "key", "per_minute": 9}
    assert admin.put(LIMITS, json=wrong).json()["code"] == "throttling.not_limited"
    assert workspace.client("developer").get(LIMITS).status_code == 403


def test_an_administrator_raises_auto_config_for_one_person(serving: Serving) -> None:
    body = {"model_id": str(serving.model_id)}
    first = serving.client.post("/api/v1/serving/auto-config", json=body)
    assert first.headers["RateLimit-Limit"] == "10"
    _set(serving.workspace, route_class="auto_config", subject="user", per_minute=30)
    answers = [serving.client.post("/api/v1/serving/auto-config", json=body) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].headers["RateLimit-Limit"] == "30"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with redis_server(tmp_path) as made:
        yield made


def test_two_processes_share_a_bucket_and_go_on_alone_when_redis_dies(
    redis: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = redis

    async def story() -> tuple[list[bool], list[bool], list[bool]]:
        one, other = connect(url), connect(url)
        asks = [Ask("read:user:ada", FEW)]
        shared = [(await half.take(asks)).allowed for half in (one, other, one, other, one)]
        states = [one.is_shared]
        process.kill()
        process.wait()
        alone = [(await one.take(asks)).allowed for _ in range(5)]
        states.append(one.is_shared)
        for half in (one, other):
            await half._client.aclose()  # type: ignore[attr-defined]
        return shared, alone, states

    shared, alone, states = asyncio.run(story())
    assert shared == [True] * 4 + [False]
    assert alone == [True] * 4 + [False]
    assert states == [True, False]


def test_two_processes_share_a_window_and_go_on_alone_when_redis_dies(
    redis: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = redis
    one, other = Windows(url), Windows(url)
    left = [half.hit("auto", "ada", 3)["RateLimit-Remaining"] for half in (one, other, one)]
    assert left == ["2", "1", "0"]
    with pytest.raises(TooManyRequests) as refused:
        other.hit("auto", "ada", 3)
    assert refused.value.retry_after_seconds is not None
    assert 50 < refused.value.retry_after_seconds <= 60
    process.kill()
    process.wait()
    assert other.hit("auto", "ada", 3)["RateLimit-Remaining"] == "2"
