"""Safeguards in the gateway: flagged, replaced and refused on both lanes, and counted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.make.nodes import SECRET, RunningNode, a_key, a_node, a_route

from modelyard_protocol.records import Guarded, Prediction
from modelyard_protocol.safeguards import Safeguard

from .test_fast_lane import FIRST, an_adding_server

HEADER = "x-modelyard-safeguard"
CONSOLE = {"Authorization": f"Bearer myk_console_{SECRET}", "X-Modelyard-Source": "console"}
RULES = [
    {"name": "high", "check": "range", "maximum": 100},
    {"name": "low", "check": "range", "minimum": 0, "action": "default", "default": 0.5},
    {"name": "absurd", "check": "range", "maximum": 1000, "action": "refuse"},
    {"name": "odd", "on": "input", "column": "x", "check": "unknown", "allowed": [1, 2, -5, 150]},
]


@pytest.fixture(scope="module", params=["compiled", "native"])
def node(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[RunningNode]:
    """A node whose model answers x, on either lane."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    server = an_adding_server(folder / "v0", 0.0)
    if request.param == "native":
        server = server.model_copy(update={"compiled": None})
    rules = tuple(Safeguard.model_validate(rule) for rule in RULES)
    route = a_route(folder / "v0", {FIRST: 100}, safeguards=rules, keys=(a_key(), a_key("console")))
    with a_node(folder / "node") as running:
        running.want([server], [route])
        running.start(["--workers", "1"])
        running.wait_until(lambda s: [one["lane"] for one in s["servers"]] == [request.param])
        running.wait_until(lambda s: [one["state"] for one in s["servers"]] == ["ready"])
        yield running


def ask(
    node: RunningNode,
    *values: float,
    skin: str = "predict",
    headers: dict[str, str] = CONSOLE,
) -> Any:
    """Call; from the console unless told otherwise: such calls are judged and not counted."""
    rows = [{"x": value} for value in values]
    body = {"rows": rows} if skin == "predict" else {"dataframe_records": rows}
    return node.client.post(f"{node.address}/{skin}", json=body, headers=headers)


def test_sound_answers_pass_untouched(node: RunningNode) -> None:
    answer = ask(node, 1.0, 2.0)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == [1.0, 2.0]
    assert HEADER not in answer.headers


def test_answers_are_flagged_replaced_and_refused(node: RunningNode) -> None:
    flagged = ask(node, 1.0, 150.0)
    assert flagged.json()["predictions"] == [1.0, 150.0]
    assert flagged.headers[HEADER] == "high=flag:1"

    replaced = ask(node, -5.0, 2.0)
    assert replaced.json()["predictions"] == [0.5, 2.0]
    assert replaced.headers[HEADER] == "low=default:0"
    assert replaced.json()["prediction_id"] == replaced.headers["x-prediction-id"]
    mlflow = ask(node, -5.0, skin="invocations")
    assert mlflow.json() == {"predictions": [0.5]}
    tensors = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [-5.0]}]}
    infer = node.client.post(
        f"{node.address}/v2/models/model/infer", json={**tensors, "id": "me"}, headers=CONSOLE
    )
    assert infer.json()["id"] == "me"
    assert infer.json()["outputs"][0]["data"] == [0.5]
    assert infer.headers[HEADER] == "low=default:0"

    refused = ask(node, 1.0, 2000.0)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (422, "inference.safeguard")
    assert "'absurd' asks that the answer is at most 1000; not so in row 1" in problem["detail"]
    assert [field["row"] for field in problem["fields"]] == [1]


def test_inputs_are_looked_at_on_every_lane(node: RunningNode) -> None:
    assert ask(node, 3.0, 1.0).headers[HEADER] == "odd=flag:0"


def test_what_held_is_counted_and_the_record_says_what_callers_were_told(
    node: RunningNode,
) -> None:
    given = ask(node, -5.0, 2.0, -5.0, headers={})
    assert ask(node, 5000.0, headers={}).status_code == 422
    node.wait_until(lambda _: held(node)["absurd", "calls"] > 0)
    assert held(node) == {
        ("high", "calls"): 1, ("high", "rows"): 1, ("low", "calls"): 1, ("low", "rows"): 2,
        ("absurd", "calls"): 1, ("absurd", "rows"): 1, ("odd", "calls"): 1, ("odd", "rows"): 1,
    }  # fmt: skip
    told = next(
        one
        for one in node.records()
        if isinstance(one, Prediction) and one.id == given.headers["x-prediction-id"]
    )
    assert told.response is not None
    assert '"predictions":[0.5,2.0,0.5]' in told.response


def held(node: RunningNode) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for one in node.records():
        if isinstance(one, Guarded):
            found[one.safeguard, "calls"] += one.calls
            found[one.safeguard, "rows"] += one.rows
            assert one.examples
    return found
