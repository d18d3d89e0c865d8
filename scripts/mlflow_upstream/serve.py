"""Serves Modelyard on a port; the next port hands out new workspaces with an owner's token."""

from __future__ import annotations

import http.server
import json
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from tests.make.fixtures import make_platform  # noqa: E402

from modelyard_server.app import create_app  # noqa: E402 - the tests' makers need the path


def main(port: int, jobs: str) -> None:
    """Serve until the process is ended. `jobs`: "yes" delivers webhooks, and checks versions."""
    with tempfile.TemporaryDirectory(prefix="modelyard-") as folder:
        url = f"sqlite:///{folder}/modelyard.db"
        platform = make_platform(url, Path(folder), egress_allow="127.0.0.0/8,::1/128")

        class Tokens(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                space = platform.a_workspace()
                told = {"slug": space.slug, "token": space.a_token("owner")}
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        tokens = http.server.ThreadingHTTPServer(("127.0.0.1", port + 1), Tokens)
        threading.Thread(target=tokens.serve_forever, daemon=True).start()
        app = create_app(platform.services, run_background=jobs == "yes")
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
