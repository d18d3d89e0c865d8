"""What serving has cost: hours live and awake, at a price somebody has said."""

import datetime as dt
from typing import Any

from modelyard_server.deployments.costs import so_far
from modelyard_server.deployments.environment_schemas import Price
from modelyard_server.deployments.models import Revision

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
PRICE = Price(currency="EUR", cpu_hour=0.1, gb_hour=0.01, gpu_hour=2.0)
HOUR = dt.timedelta(hours=1)


def _ran(live_from: dt.datetime | None, until: dt.datetime | None = None, **more: Any) -> Revision:
    facts = {"cpu": 1.0, "memory_gb": 2.0, "gpu": 0, "slept_seconds": 0.0, **more}
    return Revision(live_from=live_from, live_until=until, **facts)


def test_hours_live_of_every_revision_are_priced_by_their_size() -> None:
    own = [_ran(NOW - 5 * HOUR, NOW - 3 * HOUR), _ran(NOW - 3 * HOUR, cpu=2.0), _ran(None)]
    found = so_far(PRICE, own, 1, NOW)
    assert found is not None
    assert (found.amount, found.currency) == (round(2 * 0.12 + 3 * 0.22, 6), "EUR")
    twice = so_far(PRICE, own, 2, NOW)
    assert twice is not None
    assert twice.amount == 2 * found.amount


def test_sleep_costs_nothing_and_never_gives_money_back() -> None:
    half = so_far(PRICE, [_ran(NOW - 2 * HOUR, slept_seconds=3600.0)], 1, NOW)
    assert half is not None
    assert half.amount == 0.12
    more = so_far(PRICE, [_ran(NOW - HOUR, slept_seconds=9999.0)], 1, NOW)
    assert more is not None
    assert more.amount == 0


def test_where_nobody_said_a_price_nothing_is_made_up() -> None:
    assert so_far(None, [_ran(NOW - HOUR)], 1, NOW) is None
