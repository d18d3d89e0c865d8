"""Wrong input on MLflow's addresses is refused in MLflow's shape, and no failure of ours.

Values of 29 bad kinds go into the places of every operation's body or query: a few requests for
each operation here, chosen by a fixed seed so that every kind is tried in many places; every kind
in every place with `make test-bad-input`.
"""

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from modelyard_server.workspaces.access import every_route

from . import recipes
from .seeds import World
from .walk import Operation, own_operations

IS_WHOLE = "MODELYARD_TEST_BAD_INPUT" in os.environ
EACH = 6
"""Requests for each operation unless all are asked for."""
DEEP = json.loads("[" * 60 + "]" * 60)
BAD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    -(10**30),
    1e308,
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "é" * 5000,
    "9" * 400,
    "1e999",
    "NaN",
    "../..",
    "%",
    '\' OR "1" = `1',
    [],
    [None],
    ["\0"],
    [[]],
    {},
    {"a": {"b": 1}},
    {"key": "\0", "value": 2**63},
    [{"key": "a", "value": "\0", "timestamp": 2**63, "step": -(2**63), "run_id": "\0"}],
    DEEP,
]
BYTES = (b"", b"\xff\xfe", b"{", b"[" * 100_000, b"\0" * 100)
CALLS = [op for op in own_operations() if op.is_mlflow and op.needs is not None]
LAST = sorted(
    [op for op in CALLS if "delete" in op.name],
    key=lambda op: (op.method == "POST", -op.path.count("{")),
)
ORDERED = [*[op for op in CALLS if op not in LAST], *LAST]
"""What deletes comes last, and what is within something before that."""
Place = tuple[str | int, ...]


@pytest.fixture(params=["sqlite", "postgres"])
def world(request):
    return World.new(request.getfixturevalue(f"{request.param}_platform"))


def read_by_routes(app: Any) -> dict[tuple[str, ...], type[msgspec.Struct]]:
    """Find the body or query that each route reads."""
    found: dict[tuple[str, ...], type[msgspec.Struct]] = {}
    for path, route in every_route(app):
        for needed in route.dependant.dependencies if isinstance(route, APIRoute) else ():
            for cell in getattr(needed.call, "__closure__", None) or ():
                kind = cell.cell_contents
                if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                    found[path, *sorted(route.methods)] = kind
    return found


def places(document: Any, kind: type[msgspec.Struct] | None) -> Iterator[Place]:
    """Name every place of a document, and the fields that it could have besides."""
    if isinstance(document, dict):
        more = [field.name for field in msgspec.structs.fields(kind)] if kind else []
        for key in dict.fromkeys([*document, *more]):
            yield (key,)
            yield from ((key, *rest) for rest in places(document.get(key), None))
    elif isinstance(document, list):
        for at, item in enumerate(document[:1]):
            yield (at,)
            yield from ((at, *rest) for rest in places(item, None))


def put(document: Any, place: Place, value: Any) -> Any:
    """Give a document with a value at a place; no place is the whole of it."""
    if not place:
        return value
    made = copy.deepcopy(document)
    inner = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return made


def chosen(operation: Operation, possible: list[Place]) -> list[tuple[Place, Any]]:
    """Choose the places and values that are tried; neighbours in the list take other values."""
    if IS_WHOLE:
        return [(place, bad) for place in possible for bad in BAD]
    rng, start = random.Random(str(operation)), ORDERED.index(operation) * EACH
    shuffled = rng.sample(possible, len(possible))
    return [(shuffled[at % len(shuffled)], BAD[(start + at) % len(BAD)]) for at in range(EACH)]


def requests_of(
    operation: Operation, world: World, kind: type[msgspec.Struct] | None
) -> Iterator[dict[str, Any]]:
    """Give what is sent to an operation."""
    recipe = recipes.of(operation)
    body = recipe.body(world) if recipe.body else {}
    asked = recipe.query(world) if recipe.query else {}
    if not isinstance(body, dict):
        yield from ({"params": asked, "content": content} for content in BYTES)
    elif operation.method == "GET":
        names = [place for place in places(asked, kind) if len(place) == 1]
        for (name,), bad in chosen(operation, names) if names else ():
            text = bad if isinstance(bad, str) else json.dumps(bad)
            if text != "\ud800":  # no address holds one
                yield {"params": {**asked, str(name): text}}
    else:
        for place, bad in chosen(operation, [(), *places(body, kind)]):
            yield {"params": asked, "content": json.dumps(put(body, place, bad))}


def test_bad_values_in_every_operation(world):
    kinds, tried = read_by_routes(world.platform.app), 0
    headers = dict(world.http.headers)
    with TestClient(world.platform.app, headers=headers, raise_server_exceptions=False) as http:
        for operation in ORDERED:
            path = recipes.path_of(operation, world)
            for sent in requests_of(
                operation, world, kinds.get((operation.path, operation.method))
            ):
                answer = http.request(operation.method, path, **sent)
                tried += 1
                said = f"{operation} {str(sent)[:300]}: {answer.status_code} {answer.text[:300]}"
                assert answer.status_code < 500, said
                if answer.status_code >= 400:
                    assert set(answer.json()) == {"error_code", "message"}, said
    assert tried > len(ORDERED)


def test_every_value_is_tried_in_many_places():
    possible: list[Place] = [(), ("a",), ("b",), ("c",)]
    tried = [json.dumps(bad) for op in ORDERED for _, bad in chosen(op, possible)]
    assert all(tried.count(json.dumps(bad)) >= EACH for bad in BAD)


@pytest.mark.parametrize("number", [2**63, -(10**30), "9" * 400])
def test_numbers_that_fit_no_column(world, number):
    run, model = world["run_id"], world["logged-models/model_id"]
    for path, body in (
        ("runs/create", {"experiment_id": "0", "start_time": number}),
        ("runs/update", {"run_id": run, "status": "FINISHED", "end_time": number}),
        ("runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": number}]}),
        (
            "runs/log-metric",
            {"run_id": run, "key": "a", "value": 1, "timestamp": 1, "step": number},
        ),
        ("traces", {"experiment_id": "0", "timestamp_ms": number}),
    ):
        answer = world.http.post(f"/api/2.0/mlflow/{path}", json=body)
        assert answer.status_code == 400, f"{path}: {answer.text}"
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
