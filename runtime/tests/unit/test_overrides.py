"""A rollback on the node to a model of another kind changes what the address speaks."""

import datetime as dt

import pytest

from modelyard_protocol.package import Signature
from modelyard_protocol.routing import (
    DesiredState,
    Good,
    Language,
    Override,
    Overrides,
    Route,
    ServerSpec,
    Target,
)
from modelyard_runtime.overrides import applied

KEPT = Language(keeps_prompt=True)


@pytest.mark.parametrize(
    ("before", "engine", "after"),
    [
        (KEPT, "sklearn", None),
        (None, "llama.cpp", Language()),
        (KEPT, "llama.cpp", KEPT),
        (None, "sklearn", None),
    ],
)
def test_the_address_speaks_what_the_model_behind_it_speaks(
    before: Language | None, engine: str, after: Language | None
) -> None:
    server = ServerSpec(
        id="b" * 32, label="b", engine=engine, model_dir="", python="", environment_dir=""
    )
    good = Good(server=server, revision=1, version=1, model="m", signature=Signature())
    route = Route(
        workspace="w",
        environment="e",
        deployment="d",
        workspace_id=1,
        deployment_id="x",
        targets=(Target(server_id="a" * 32, revision=2, version=2, weight=100),),
        keys=(),
        signature=Signature(),
        language=before,
    )
    one = Override(
        id="1",
        workspace_id=1,
        deployment_id="x",
        good=good,
        at=dt.datetime.now(dt.UTC),
        by="Ada",
        reason="wrong",
    )
    state, _ = applied(
        DesiredState(generation=1, routes=(route,)), Overrides(overrides=(one,)), lambda _: True
    )
    assert state.routes[0].language == after
