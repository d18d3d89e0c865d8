"""Every endpoint of the installed MLflow is served, or refused by its name."""

import re

from starlette.testclient import TestClient

from .test_reference import reference


def test_an_endpoint_of_mlflow_is_served_or_answers_that_it_is_not_implemented(sqlite_platform):
    ours = reference.served()
    http = TestClient(sqlite_platform.app, raise_server_exceptions=False)
    for method, path in reference.mlflow_endpoints():
        if (method, re.sub(r"\{\w+\}", "{}", reference.as_routed(path))) in ours:
            continue
        answer = http.request(method, re.sub(r"\{\w+\}", "1", path))
        assert answer.status_code == 501, (method, path, answer.text)
        assert answer.json()["error_code"] == "NOT_IMPLEMENTED"
        assert method in answer.json()["message"]


def test_an_address_that_mlflow_does_not_have_is_not_found(sqlite_platform):
    answer = TestClient(sqlite_platform.app).get("/api/2.0/mlflow/tracesque")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
