"""The app answers as `openapi.json` says, and never with a failure of ours (schemathesis)."""

import json
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from . import recipes
from .seeds import World
from .walk import names, own_operations

EXAMPLES = 3
PATIENCE = 120.0  # seconds: the machine may be busy
LIMITS = "/api/v1/rate-limits"
BY_BROWSER = {"identity_list_sessions"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CONTRACT = json.loads((Path(__file__).parents[2] / "openapi.json").read_text())
DOCUMENTED = [
    (method.upper(), path)
    for path, methods in CONTRACT["paths"].items()
    for method in methods
    if method in {"get", "post", "put", "patch", "delete"}
]


@schemathesis.serializer("application/zip")
def _as_it_is(_context, value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


READS = [op for op in own_operations() if op.method == "GET" and op.path in CONTRACT["paths"]]


def can_be_malformed(method, path):
    """Tell whether some value is wrong: any text is a good one for a plain path parameter."""
    operation = CONTRACT["paths"][path][method.lower()]
    return "requestBody" in operation or any(
        given["in"] == "query"
        or given["schema"].get("format")
        or given["schema"]["type"] != "string"
        for given in operation.get("parameters", [])
    )


@pytest.fixture(scope="module")
def world(sqlite_platform):
    return World.new(sqlite_platform)


@pytest.fixture(scope="module")
def contract(sqlite_platform):
    return schemathesis.openapi.from_asgi("/openapi.json", sqlite_platform.app)


def bearer_of(space):
    return {"Authorization": f"Bearer {space.a_token('owner')}"}


@pytest.fixture(scope="module")
def bearer(world):
    return bearer_of(world.space)


@pytest.fixture(scope="module")
def bearer_elsewhere(sqlite_platform):
    """Whose changes bind nobody else: a limit of one request a minute would refuse all others."""
    return bearer_of(sqlite_platform.a_workspace())


@pytest.mark.parametrize("operation", READS, ids=names(READS))
def test_what_is_read_is_as_documented(world, contract, operation):
    by_browser = operation.name in BY_BROWSER
    http = world.space.browser("owner") if by_browser else world.space.client("owner")
    answer = recipes.call(http, operation, world)
    contract[operation.path]["GET"].validate_response(answer)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), DOCUMENTED, ids=str)
def test_no_request_makes_the_server_fail(contract, bearer, bearer_elsewhere, method, path, mode):
    headers = bearer_elsewhere if path.startswith(LIMITS) else bearer

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=contract[path][method].as_strategy(generation_mode=mode))
    def send(case):
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=PATIENCE)

    if mode is GenerationMode.NEGATIVE and not can_be_malformed(method, path):
        pytest.skip("It takes nothing that could be malformed.")
    send()
