"""One shape for every refusal: a problem document, or MLflow's on MLflow's addresses."""

import pytest
from starlette.testclient import TestClient

from modelyard_server.app import create_app

from .recipes import path_of
from .walk import MLFLOW, names, operations

GUARDED = [op for op in operations() if not op.is_public]
PROBLEM = {"type", "title", "status", "code", "detail", "request_id"}


@pytest.fixture(scope="module")
def app(sqlite_platform):
    made = create_app(sqlite_platform.services, run_background=False)
    for path in ("/api/v1/explode", "/api/2.0/mlflow/explode"):
        made.add_api_route(path, lambda: 1 // 0)
        made.router.routes.insert(0, made.router.routes.pop())
    return made


def client(app, **headers):
    return TestClient(app, headers=headers, raise_server_exceptions=False)


def assert_refusal(answer, status, code):
    assert answer.status_code == status, answer.text
    body = answer.json()
    if answer.request.url.path.startswith(MLFLOW):
        assert set(body) == {"error_code", "message"}
        assert body["error_code"].isupper()
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) >= PROBLEM
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(code)


class Nothing(dict):
    """Ids that name nothing, for requests that must not get that far."""

    def __missing__(self, _seed):
        return "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("operation", GUARDED, ids=names(GUARDED))
def test_whoever_is_not_known_is_refused(app, operation):
    path = path_of(operation, Nothing())
    wrong = {"Authorization": "Bearer mlp_unknown000_secret_000000"}
    for headers, code in (({}, "identity.not_signed_in"), (wrong, "identity.invalid_token")):
        answer = client(app, **headers).request(operation.method, path)
        if answer.status_code in (400, 422):
            continue  # routes that open their own transactions read the request first
        assert_refusal(answer, 401, code)


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/2.0/mlflow/nowhere"])
def test_an_unknown_address(app, path):
    assert_refusal(client(app).get(path), 404, "request.not_found")


@pytest.mark.parametrize("path", ["/api/v1/explode", "/api/2.0/mlflow/explode"])
def test_a_failure_of_ours_names_the_request_and_nothing_else(app, path):
    answer = client(app).get(path)
    assert_refusal(answer, 500, "request.failed")
    assert "ZeroDivision" not in answer.text


def test_malformed_input_names_the_field(app):
    answer = client(app).post("/api/v1/session", json={"email": "a@example.com"})
    assert_refusal(answer, 422, "request.invalid")
    assert answer.json()["fields"][0]["location"] == "body.password"


def test_a_method_that_is_not_there(app):
    assert_refusal(client(app).put("/api/v1/session"), 405, "request.method_not_allowed")


def test_a_missing_permission(sqlite_platform, app):
    token = sqlite_platform.a_workspace().a_token("viewer")
    http = client(app, Authorization=f"Bearer {token}")
    assert_refusal(http.get("/api/v1/audit"), 403, "workspaces.not_allowed")
    refused = http.post("/api/2.0/mlflow/experiments/create", json={"name": "a"})
    assert_refusal(refused, 403, "")
    assert refused.json()["error_code"] == "PERMISSION_DENIED"
