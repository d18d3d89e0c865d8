"""Every route declares who may call it, and the declaration is what happens."""

import pytest
from fastapi import APIRouter, FastAPI

from modelyard_server.workspaces.access import require_declared_permissions
from modelyard_server.workspaces.permissions import MATRIX, Permission, Role, permits

from .recipes import call
from .seeds import Strangers, World
from .walk import names, operations, own_operations

PUBLIC = {
    "GET /health",
    "GET /version",
    "GET /api/3.0/mlflow/server-info",
    "GET /api/v1/setup",
    "POST /api/v1/setup",
    "POST /api/v1/session",
    "POST /api/v1/password-resets",
    "POST /api/v1/password-resets/{token}",
    "GET /api/v1/invitation-links/{token}",
    "POST /api/v1/invitation-links/{token}",
    "POST /oauth/token",  # whoever has a client's secret
    "GET /oauth/jwks",
    "GET /.well-known/oauth-authorization-server",
    "GET /content/{token}",  # the signed address is the permission; see ADR 0016
}
VIEWERS_MAY = {
    "POST /api/v1/tokens": "own tokens, at most as a viewer",
    "DELETE /api/v1/tokens/{token_id}": "own tokens",
    "POST /api/v1/inbox/read": "own inbox",
    "PUT /api/v1/inbox/{item_id}/read": "own inbox",
    "DELETE /api/v1/inbox/{item_id}/read": "own inbox",
    "POST /api/v1/serving/auto-config": "reads only",
    "POST /api/v1/alert-rules/preview": "reads only",
    "POST /api/2.0/mlflow/runs/search": "reads only",
    "POST /api/2.0/mlflow/experiments/search": "reads only",
    "POST /api/2.0/mlflow/experiments/search-datasets": "reads only",
    "POST /api/3.0/mlflow/traces/search": "reads only",
    "POST /api/3.0/mlflow/issues/search": "reads only",
    "POST /api/3.0/mlflow/traces/calculate-filter-correlation": "reads only",
    "POST /api/3.0/mlflow/traces/metrics": "reads only",
    "POST /api/3.0/mlflow/datasets/search": "reads only",
    "POST /api/3.0/mlflow/traces/batchGetInfos": "reads only",
    "POST /api/2.0/mlflow/logged-models/search": "reads only",
    "POST /api/3.0/mlflow/logged-models/search": "reads only",
    "POST /api/2.0/mlflow/registered-models/get-latest-versions": "reads only",
}
GUARDED = [op for op in own_operations() if op.needs is not None]
OF_THE_PERSON = {
    "DELETE /api/v1/session",
    "DELETE /api/v1/me/sessions/{session_id}",
    "POST /api/v1/me/password",
}


def test_the_public_routes_are_these_and_no_others():
    assert {str(op) for op in operations() if op.is_public} == PUBLIC


def test_a_route_that_declares_nothing_stops_the_start():
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/forgotten", lambda: None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="/forgotten"):
        require_declared_permissions(
            app, frozenset({"/openapi.json", "/docs", "/redoc", "/docs/oauth2-redirect"})
        )


def test_every_permission_of_the_matrix_guards_something_and_has_a_role():
    used = {op.permission for op in operations()}
    assert set(MATRIX) == set(Permission)
    assert used - {p.value for p in Permission} == {"public", "signed in"}


def test_viewers_change_nothing():
    written = {
        str(op)
        for op in own_operations()
        if op.is_write and op.needs is not None and permits(Role.viewer, op.needs)
    }
    assert written - set(VIEWERS_MAY) == set()


def test_who_is_merely_signed_in_changes_only_their_own_account():
    written = {str(op) for op in operations() if op.permission == "signed in" and op.is_write}
    assert written == OF_THE_PERSON


def test_the_same_operation_asks_for_the_same_permission_under_every_prefix():
    declared: dict[str, set[str]] = {}
    for op in operations():
        declared.setdefault(f"{op.method} {op.name}", set()).add(op.permission)
    assert {name: asked for name, asked in declared.items() if len(asked) > 1} == {}


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def world(request):
    return World.new(request.getfixturevalue(f"{request.param}_platform"))


@pytest.fixture(scope="module")
def people(world):
    return {
        role: world.space.client(role.value) for role in (Role.viewer, Role.developer, Role.admin)
    }


@pytest.mark.parametrize("operation", GUARDED, ids=names(GUARDED))
def test_a_role_without_the_permission_is_refused(world, people, operation):
    for role, http in people.items():
        answer = call(http, operation, Strangers(world))
        is_json = "json" in answer.headers.get("content-type", "")
        body = answer.json() if is_json else None
        code = (body.get("code") or body.get("error_code")) if isinstance(body, dict) else None
        denied = code in ("workspaces.not_allowed", "PERMISSION_DENIED")
        assert denied is not permits(role, operation.needs), (role, answer.status_code, code)
        assert denied is (answer.status_code == 403)
