"""What `deploy/` offers to Prometheus and Grafana, against a real Prometheus and our own series."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.make import monitoring as make
from tests.make.fixtures import TeamSpace

DEPLOY = Path(__file__).parents[4] / "deploy"
RULES = DEPLOY / "prometheus" / "modelyard.rules.yml"
BOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
SERIES = re.compile(r"\bmodelyard_\w+")
needs_prometheus = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="scripts/system-deps test installs prometheus"
)


def expressions() -> list[tuple[str, str]]:
    """Give every query of every dashboard and rule, by where it stands."""
    found = [
        (f"{board.name}: {panel['title']}", target["expr"])
        for board in BOARDS
        for panel in json.loads(board.read_text())["panels"]
        for target in panel["targets"]
    ]
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        found += [(rule.get("alert", rule.get("record")), rule["expr"]) for rule in group["rules"]]
    return found


def filled(expression: str) -> str:
    """Choose everything, as Grafana does with its variables."""
    return re.sub(r"\$\w+", ".*", expression)


@needs_prometheus
def test_rules_are_sound_and_alert_when_they_should():
    for args in (
        ["promtool", "check", "rules", str(RULES)],
        ["promtool", "test", "rules", str(RULES.with_suffix(".test.yml"))],
    ):
        done = subprocess.run(args, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_dashboards_have_unique_panels_and_a_chosen_data_source():
    assert len(BOARDS) == 2
    for board in BOARDS:
        made = json.loads(board.read_text())
        panels = made["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        assert {panel["datasource"]["uid"] for panel in panels} == {"${source}"}
        assert made["uid"] == board.stem


class _Exposition(BaseHTTPRequestHandler):
    text = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(type(self).text.encode())

    def log_message(self, *_: Any) -> None:
        pass


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def prometheus(workspace: TeamSpace, tmp_path: Path) -> Iterator[int]:
    """Run Prometheus on our rules and the series of a workspace with traffic; give its port."""
    watched = make.a_watched_deployment(workspace, tmp_path)
    make.ingest(watched, [watched.traffic({"200": 90, "422": 3, "503": 7})])
    served = type(
        "Served", (_Exposition,), {"text": workspace.client("viewer").get("/metrics").text}
    )
    target = ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=target.serve_forever, daemon=True).start()
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    job = config["scrape_configs"][0]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{target.server_port}"]}]
    (tmp_path / "modelyard.token").write_text("token")
    config["global"] = {
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "evaluation_interval": "1s",
    }
    shutil.copy(RULES, tmp_path)
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = a_free_port()
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)
        target.shutdown()
        target.server_close()


def ask(port: int, expression: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        query = urllib.parse.urlencode({"query": expression})
        connection.request("GET", f"/api/v1/query?{query}")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def scraped(port: int) -> set[str]:
    """Wait until Prometheus has two scrapes; give the names of our series."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            found = ask(port, "count_over_time(modelyard_node_up[1m]) > 1")["data"]["result"]
        except (OSError, ValueError):  # not up yet, or "Service Unavailable" while it loads
            found = []
        if found:
            names = ask(port, 'count by (__name__) ({__name__=~"modelyard.+"})')
            return {row["metric"]["__name__"] for row in names["data"]["result"]}
        threading.Event().wait(0.2)
    raise AssertionError("Prometheus scraped nothing.")


@needs_prometheus
def test_every_query_runs_in_prometheus_and_names_series_that_exist(prometheus: int):
    names = scraped(prometheus)
    for place, expression in expressions():
        answer = ask(prometheus, filled(expression))
        assert answer["status"] == "success", (place, answer)
        missing = set(SERIES.findall(expression)) - names
        assert not missing, (place, missing)
    ratio = ask(prometheus, "modelyard_endpoint_requests_total")["data"]["result"]
    assert sum(float(row["value"][1]) for row in ratio) == 100
