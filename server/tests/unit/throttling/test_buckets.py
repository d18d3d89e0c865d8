"""Token buckets: how much, how fast again, and all or none."""

import asyncio

import pytest

from modelyard_server.throttling.buckets import Ask, Limit, LocalBuckets
from modelyard_server.throttling.classes import RouteClass, Subject, class_of
from modelyard_server.throttling.service import limit_of

TEN = Limit(per_minute=60, burst=10)


def test_a_bucket_gives_its_burst_then_as_fast_as_it_fills() -> None:
    buckets = LocalBuckets()
    first = [buckets.take_now([Ask("a", TEN)], now=0.0) for _ in range(11)]
    assert [taken.allowed for taken in first] == [True] * 10 + [False]
    assert [taken.remaining for taken in first] == [*range(9, -1, -1), 0]
    assert first[-1].retry_after_seconds == 1
    assert buckets.take_now([Ask("a", TEN)], now=1.0).allowed
    assert not buckets.take_now([Ask("a", TEN)], now=1.5).allowed
    assert buckets.take_now([Ask("b", TEN)], now=1.5).remaining == 9


def test_either_every_bucket_gives_one_or_none_does() -> None:
    buckets = LocalBuckets()
    one = Limit(per_minute=60, burst=1)
    assert buckets.take_now([Ask("a", TEN), Ask("b", one)], now=0).allowed
    refused = buckets.take_now([Ask("a", TEN), Ask("b", one)], now=0)
    assert (refused.allowed, refused.limit) == (False, one)
    assert buckets.take_now([Ask("a", TEN)], now=0).remaining == 8


def test_waiting_as_long_as_told_is_enough() -> None:
    slow, buckets = Limit(per_minute=10, burst=1), LocalBuckets()
    asyncio.run(buckets.take([Ask("a", slow)]))
    buckets.take_now([Ask("b", slow)], now=0)
    wait = buckets.take_now([Ask("b", slow)], now=1).retry_after_seconds
    assert wait == 5
    assert buckets.take_now([Ask("b", slow)], now=1 + wait).allowed


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/api/v1/serving/auto-config", RouteClass.auto_config),
        ("GET", "/api/v1/serving/auto-config/report", RouteClass.read),
        ("GET", "/api/v1/models", RouteClass.read),
        ("DELETE", "/api/v1/models/1", RouteClass.write),
        ("POST", "/api/2.0/mlflow/runs/log-batch", RouteClass.ingest),
        ("GET", "/livez", None),
        ("GET", "/assets/app.js", None),
    ],
)
def test_a_route_belongs_to_one_class(method: str, path: str, kind: RouteClass | None) -> None:
    assert class_of(method, path) is kind


def test_the_limit_named_by_id_wins_over_everybodys_and_that_over_the_default() -> None:
    everybody, ada = Limit(5, 5), Limit(7, 7)
    own = {("read", "user", ""): everybody, ("read", "user", "ada"): ada}
    assert limit_of(own, RouteClass.read, Subject.user, "ada") == ada
    assert limit_of(own, RouteClass.read, Subject.user, "bob") == everybody
    assert limit_of({}, RouteClass.auto_config, Subject.user, "bob") == Limit(10, 10)
    assert limit_of({}, RouteClass.auto_config, Subject.key, "bob") is None
