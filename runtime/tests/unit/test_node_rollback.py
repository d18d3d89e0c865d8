"""What can be returned to on the node, told from its files alone."""

import datetime as dt
from pathlib import Path

import pytest

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import (
    DESIRED_FILE,
    OVERRIDES_FILE,
    RESERVE_FILE,
    DesiredState,
    Good,
    Override,
    Overrides,
    Reserve,
    Route,
    ServerSpec,
    Target,
)
from modelyard_runtime import rollback


def a_good(revision: int) -> Good:
    server = ServerSpec(
        id=f"{revision:032x}", label="", engine="onnx", model_dir="/gone", python="",
        environment_dir="",
    )  # fmt: skip
    return Good(
        server=server, revision=revision, version=revision, model="m", signature=Signature()
    )


def a_route(workspace: str, **weights: int) -> Route:
    targets = tuple(
        Target(server_id=f"{int(name[1:]):032x}", revision=int(name[1:]), version=1, weight=weight)
        for name, weight in weights.items()
    )
    return Route(
        workspace=workspace, environment="production", deployment="churn", workspace_id=1,
        deployment_id=f"{workspace}-1", targets=targets, keys=(), signature=Signature(),
    )  # fmt: skip


def a_node(folder: Path, *routes: Route, held: dict[str, int] | None = None) -> Path:
    """Write down three good revisions of every route, and what it was rolled back to here."""
    good = tuple(a_good(number) for number in (3, 2, 1))
    made = tuple(
        Override(
            id="x", workspace_id=1, deployment_id=deployment, good=a_good(number), by="ops",
            at=dt.datetime.now(dt.UTC), reason="wrong scores", is_serving=True,
        )
        for deployment, number in (held or {}).items()
    )  # fmt: skip
    state = DesiredState(generation=1, routes=routes)
    reserve = Reserve(routes={route.deployment_id: good for route in routes})
    overrides = Overrides(overrides=made)
    for name, one in ((DESIRED_FILE, state), (RESERVE_FILE, reserve), (OVERRIDES_FILE, overrides)):
        (folder / name).write_text(one.model_dump_json())
    return folder


@pytest.mark.parametrize(
    ("weights", "held", "chosen"),
    [
        ({"r3": 100}, None, 2),
        ({"r2": 100, "r3": 0}, None, 3),  # it stands by, and was good
        ({"r3": 80, "r4": 20}, None, 3),  # a canary is ended first
        ({"r3": 100}, {"w-1": 2}, 1),  # back once more, not forth to what was left
        ({"r3": 100}, {"another-1": 2}, 2),
    ],
)
def test_a_rollback_leaves_what_serves(
    tmp_path: Path, weights: dict[str, int], held: dict[str, int] | None, chosen: int
) -> None:
    route = a_route("w", **weights)
    assert rollback._chosen(a_node(tmp_path, route, held=held), route, None).revision == chosen


def test_what_was_left_can_be_asked_for_and_what_serves_cannot(tmp_path: Path) -> None:
    route = a_route("w", r3=100)
    folder = a_node(tmp_path, route, held={"w-1": 2})
    assert rollback._chosen(folder, route, 3).revision == 3
    with pytest.raises(rollback.Refused):
        rollback._chosen(folder, route, 2)


def test_the_list_tells_what_serves_here_and_what_else_was_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_node(tmp_path, a_route("w", r3=100), a_route("v", r3=100), held={"v-1": 2})
    assert rollback.main(["list", "--state-dir", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "w/production/churn: serves revision 3 (100 %); good before: 2 (version 2), 1 (version 1)",
        "v/production/churn: serves revision 2 (rolled back here: wrong scores); "
        "good before: 3 (version 3), 1 (version 1)",
    ]


def test_an_address_of_two_workspaces_has_to_be_named_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = a_node(tmp_path, a_route("w", r3=100), a_route("v", r3=100))
    name = "production/churn"
    for command in (["rollback", name, "--reason", "x"], ["release", name]):
        assert rollback.main([*command, "--state-dir", str(folder)]) == 1
        assert "w/production/churn, v/production/churn" in capsys.readouterr().err
    assert rollback.main(["release", "v/production/churn", "--state-dir", str(folder)]) == 0


def test_a_reason_of_blanks_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["rollback", "production/churn", "--reason", "  ", "--state-dir", str(tmp_path)]
    with pytest.raises(SystemExit):
        rollback.main(line)
    assert "say why" in capsys.readouterr().err
