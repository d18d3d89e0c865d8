"""The client against a small HTTP server that answers as the contract says."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

import modelyard
from modelyard.cli import app

ANSWERS: dict[tuple[str, str], tuple[int, Any]] = {}


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = ANSWERS.get((self.command, self.path.partition("?")[0]), (404, {}))
        if self.path.endswith("cursor=two"):
            body = {"items": [_model("second")], "next_cursor": None}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        return


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "latest_version": 1,
        "framework": "sklearn",
        "deployments": ["staging/" + name],
    }


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ANSWERS.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_refusal_carries_code_and_fields(url: str) -> None:
    fields = [{"row": 0, "column": "age", "problem": "is not a number"}]
    problem = {"detail": "Wrong row.", "code": "inference.invalid_rows", "fields": fields}
    ANSWERS["POST", "/predict"] = (422, problem)
    endpoint = modelyard.Endpoint(url, "myk_a_b")

    with pytest.raises(modelyard.Invalid, match=r"Wrong row\.") as caught:
        endpoint.predict([{"age": "x"}])

    assert (caught.value.code, caught.value.fields) == ("inference.invalid_rows", fields)


def test_list_follows_cursors(url: str) -> None:
    ANSWERS["GET", "/api/v1/models"] = (200, {"items": [_model("first")], "next_cursor": "two"})

    with modelyard.Client(url, "mlp_x") as client:
        assert [m.name for m in client.models.list()] == ["first", "second"]


def test_missing_token_says_where_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODELYARD_TOKEN", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(modelyard.ModelyardError, match="Settings, API tokens"):
        modelyard.Client("http://127.0.0.1:1")


def test_unreachable_server_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELYARD_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")

    done = CliRunner().invoke(app, ["model", "list"])

    assert done.exit_code == 1
    assert "No answer from http://127.0.0.1:1" in done.output


def test_list_prints_where_models_are_live(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    ANSWERS["GET", "/api/v1/models"] = (200, {"items": [_model("fraud")], "next_cursor": None})

    done = CliRunner().invoke(app, ["model", "list"])

    assert "staging/fraud" in done.output
