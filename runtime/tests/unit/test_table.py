import base64
import calendar
from pathlib import Path
from typing import cast

import pytest
from tests.make.nodes import SECRET, a_key

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import DesiredState, Route, Target
from modelyard_runtime.gateway.allowance import Allowance, Spent
from modelyard_runtime.gateway.refusals import Refusal
from modelyard_runtime.gateway.servers import Served
from modelyard_runtime.gateway.table import Table
from modelyard_runtime.sandbox.walls import interpreter_dirs

ADDRESS = ("w", "e", "d")


class Server:
    is_ready = True
    is_full = False


def a_table(servers: dict[str, Server], weights: dict[str, int]) -> tuple[Table, Route]:
    targets = tuple(
        Target(server_id=name, revision=at, version=at, weight=weight)
        for at, (name, weight) in enumerate(weights.items(), 1)
    )
    route = Route(
        workspace="w", environment="e", deployment="d", workspace_id=1, deployment_id="x",
        targets=targets, keys=(a_key(),), signature=Signature(),
    )  # fmt: skip
    find = lambda name: cast("Served | None", servers.get(name))  # noqa: E731
    return Table(DesiredState(generation=1, routes=(route,)), find, Allowance()), route


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", f"Bearer {SECRET}", "Bearer myk_pub_", f"Basic myk_pub_{SECRET}",
     f"Bearer pub_{SECRET}", f"Bearer myk__{SECRET}", f"Bearer myk_pub_{SECRET}x"],
)  # fmt: skip
def test_anything_but_the_key_stays_outside(given: str) -> None:
    table, route = a_table({}, {})
    with pytest.raises(Refusal) as caught:
        table.enter(ADDRESS, given)
    assert caught.value.status == 401
    assert table.enter(ADDRESS, f"Bearer myk_pub_{SECRET}")[0] == route


def test_the_key_may_be_the_password_of_a_client_that_knows_only_basic() -> None:
    table, route = a_table({}, {})

    def basic(text: bytes) -> str:
        return f"Basic {base64.b64encode(text).decode()}"

    assert table.enter(ADDRESS, basic(f"anybody:myk_pub_{SECRET}".encode()))[0] == route
    for wrong in (f"myk_pub_{SECRET}:", f"a:pub_{SECRET}", f"a:myk_pub_{SECRET}x"):
        with pytest.raises(Refusal):
            table.enter(ADDRESS, basic(wrong.encode()))
    with pytest.raises(Refusal):
        table.enter(ADDRESS, basic(b"\xff:\xff"))


def test_a_months_quota_outlives_minutes_and_workers_but_not_the_month() -> None:
    allowance, key = Allowance(), a_key(requests_per_month=3)
    late = calendar.timegm((2026, 12, 31, 23, 58, 0))
    allowance.resume("2026-12", Spent({key.id: 1}, {}), late)
    allowance.spend(key, late)
    allowance.add(Spent({key.id: 1}, {}), late + 61)  # by another worker
    with pytest.raises(Refusal) as refused:
        allowance.spend(key, late + 61)
    assert (refused.value.code, refused.value.retry_after) == ("inference.quota_used", 59)
    allowance.resume(
        "2026-12", Spent({key.id: 3}, {}), late + 120
    )  # what a node had before the new year
    for _ in range(3):
        allowance.spend(key, late + 120)
    assert allowance.untold() == ({key.id: 4}, {})


def test_a_key_whose_tokens_are_used_up_waits_for_the_next_month() -> None:
    told: list[str] = []
    allowance, key = Allowance(lambda: told.append("soon")), a_key(tokens_per_month=100)
    late = calendar.timegm((2026, 12, 31, 23, 58, 0))
    allowance.resume("2026-12", Spent({}, {key.id: 30}), late)
    allowance.add(Spent({}, {key.id: 30}), late)  # by another worker
    allowance.spend(key, late)
    allowance.spend(key, late)  # two that begin while there are some left are both finished
    for used in (35, 10):
        assert allowance.tokens_left(key, late) != 0
        allowance.use(key, used, late)
    assert allowance.tokens_left(key, late) == 0
    with pytest.raises(Refusal) as refused:
        allowance.spend(key, late + 61)
    assert (refused.value.code, refused.value.retry_after) == ("inference.tokens_used", 59)
    assert allowance.untold() == ({key.id: 2}, {key.id: 45})
    allowance.spend(key, late + 120)
    assert allowance.tokens_left(key, late + 120) == 100
    assert told == ["soon"] * 2


def test_tokens_are_counted_for_keys_that_have_a_limit_of_them_alone() -> None:
    allowance, key = Allowance(), a_key(requests_per_month=3)
    allowance.use(key, 50)
    assert allowance.tokens_left(key) is None
    assert allowance.untold() == ({}, {})


def test_target_that_is_not_ready_gets_nothing() -> None:
    servers = {"a": Server(), "b": Server()}
    table, route = a_table(servers, {"a": 50, "b": 50})
    servers["a"].is_ready = False
    chosen = {table.choose(route, str(n))[0].server_id for n in range(100)}
    assert chosen == {"b"}
    servers["b"].is_ready = False
    with pytest.raises(Refusal) as caught:
        table.choose(route, None)
    assert (caught.value.status, caught.value.retry_after) == (503, 2)


def test_target_without_weight_gets_nothing_unless_pinned() -> None:
    table, route = a_table({"a": Server(), "b": Server()}, {"a": 100, "b": 0})
    assert {table.choose(route, str(n))[0].server_id for n in range(100)} == {"a"}
    assert table.pinned(route, 2)[0].server_id == "b"


def test_full_server_refuses_with_a_time_to_come_back() -> None:
    server = Server()
    server.is_full = True
    table, route = a_table({"a": server}, {"a": 100})
    with pytest.raises(Refusal, match="Too many") as caught:
        table.choose(route, None)
    assert caught.value.retry_after == 1


def test_sticky_shares_follow_the_weights() -> None:
    table, route = a_table({"a": Server(), "b": Server()}, {"a": 90, "b": 10})
    chosen = [table.choose(route, f"caller {n}")[0].server_id for n in range(5000)]
    assert 0.08 < chosen.count("b") / 5000 < 0.12


@pytest.mark.parametrize("share", [1, 10, 50, 99])
def test_shares_without_sticky_hold_over_few_calls_and_for_every_nth_of_them(share: int) -> None:
    table, route = a_table({"a": Server(), "b": Server()}, {"a": 100 - share, "b": share})
    chosen = [table.choose(route, None)[0].server_id == "b" for _ in range(10_000)]
    assert abs(sum(chosen) / 10_000 - share / 100) < 0.001
    assert abs(sum(chosen[:500]) / 500 - share / 100) < 0.01
    for nth in (2, 3, 5, 10):
        part = chosen[::nth]
        assert abs(sum(part) / len(part) - share / 100) < 0.01


def test_interpreter_of_an_environment_brings_its_installation(tmp_path: Path) -> None:
    base, env = tmp_path / "python" / "bin", tmp_path / "env" / "bin"
    for folder in (base, env):
        folder.mkdir(parents=True)
    (base / "python3").write_text("")
    (env / "python").symlink_to(base / "python3")
    (tmp_path / "env" / "pyvenv.cfg").write_text(f"home = {base}\nversion = 3.11\n")
    assert interpreter_dirs(env / "python") == [tmp_path / "env", tmp_path / "python"]
    assert interpreter_dirs(Path("/usr/bin/python3")) == []


def test_a_version_is_ready_when_its_own_server_is() -> None:
    servers = {"a": Server(), "b": Server()}
    table, route = a_table(servers, {"a": 100, "b": 0})
    servers["b"].is_ready = False
    assert (table.is_ready(route), table.is_ready(route, 1)) == (True, True)
    assert table.is_ready(route, 2) is False
    servers["a"].is_ready, servers["b"].is_ready = False, True
    assert (table.is_ready(route), table.is_ready(route, 2)) == (False, True)
    with pytest.raises(Refusal) as caught:
        table.is_ready(route, 3)
    assert caught.value.status == 404
