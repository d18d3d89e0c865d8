"""OAuth clients on the command line, against a small HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from modelyard.cli import app

PATH = "/api/v1/oauth-clients"
FACTS = {
    "id": "o1",
    "client_id": "myc_1_a",
    "name": "shop",
    "scopes": ["predict"],
    "environments": ["staging"],
    "requests_per_minute": 60,
    "last_used_at": None,
}
MADE = FACTS | {"client_secret": "mys_b", "created_by_name": "Ana"}
ANSWERS: dict[tuple[str, str], tuple[int, Any]] = {
    ("POST", PATH): (201, MADE),
    ("POST", f"{PATH}/o1/rotate"): (201, MADE),
    ("GET", PATH): (200, {"items": [FACTS], "next_cursor": None}),
    ("DELETE", f"{PATH}/o1"): (200, None),
}
SENT: list[tuple[str, Any]] = []


class _Server(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        SENT.append((self.command, json.loads(sent) if sent else None))
        status, body = ANSWERS.get((self.command, self.path.partition("?")[0]), (404, {}))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_client_is_made_found_by_its_name_and_revoked(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")

    def run(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(app, ["oauth-client", *words])
        assert (done.exit_code != 0) is fails, done.output
        return done.output

    secret = "CLIENT_ID=myc_1_a\nCLIENT_SECRET=mys_b\n"
    assert run("create", "shop", "--environment", "staging", "--per-minute", "60") == secret
    body = {"name": "shop", "scopes": ["predict"], "environments": ["staging"]}
    assert SENT[-1] == ("POST", body | {"requests_per_minute": 60})
    assert "myc_1_a" in run("list")
    assert run("rotate", "shop", "--overlap-hours", "0") == secret
    assert SENT[-1] == ("POST", {"overlap_hours": 0})
    assert "shop is revoked" in run("revoke", "myc_1_a")
    assert SENT[-1][0] == "DELETE"
    run("revoke", "nobody", fails=True)
    assert SENT[-1][0] == "GET"
