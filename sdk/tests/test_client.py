"""The client against a small HTTP server that answers as the contract says."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import modelyard
from modelyard.cli import app

ANSWERS: dict[tuple[str, str], tuple[int, Any]] = {}
SENT: list[Any] = []


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        SENT.append(json.loads(sent) if sent else None)
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
    SENT.clear()
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


def _counts(received: int, problems: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    rejected = len(problems or [])
    zero = dict.fromkeys(("waiting", "duplicates", "corrected", "late"), 0)
    matched = received - rejected
    return zero | {
        "received": received,
        "matched": matched,
        "rejected": rejected,
        "problems": problems or [],
    }


def _a_canary(**latest: Any) -> dict[str, Any]:
    shown = {"number": 2, "status": "shifting", "status_reason": "Gets 10 % of the traffic."}
    return {
        "id": "d", "name": "churn", "environment": "production", "url": "http://x/y",
        "status": "ready", "status_reason": None, "model_name": "churn",
        "live_revision": {"number": 1, "version": 1}, "latest_revision": shown | latest,
    }  # fmt: skip


def test_a_canary_is_rolled_out_shared_and_taken_back_from_the_command_line(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    one, path = _a_canary(), "/api/v1/deployments"
    ANSWERS["GET", path] = (200, {"items": [one], "next_cursor": None})
    ANSWERS["GET", f"{path}/d"] = (200, one)
    ANSWERS["POST", f"{path}/d/revisions"] = (202, {})
    ANSWERS["PUT", f"{path}/d/traffic"] = (200, one)
    key = {"id": "k", "name": "app", "public_id": "p", "expires_at": None, "last_used_at": None}
    keys = [key | {"replaced_by": None}, key | {"id": "old", "replaced_by": "p"}]
    ANSWERS["GET", f"{path}/d/keys"] = (200, keys)
    ANSWERS["POST", f"{path}/d/keys/k/rotate"] = (201, {"key": "myk_new"})
    run = CliRunner().invoke

    options = ["--strategy", "canary", "--percent", "10", "--hold", "--no-guards"]
    done = run(app, ["deployment", "update", "production/churn", "--version", "2", *options])
    assert "Gets 10 % of the traffic." in done.output
    sent = next(body for body in SENT if body)
    assert sent["strategy"] == {
        "kind": "canary", "percent": 10, "bake_seconds": None, "tolerance": 0.01, "guards": None,
    }  # fmt: skip
    assert set(sent) == {"version", "strategy"}  # what nobody said is not sent
    setup = ["--engine", "python", "--memory-gb", "2"]
    run(app, ["deployment", "update", "churn", "--approved-by", "Mia Park", *setup])
    sent = [body for body in SENT if body][-1]
    assert sent == {
        "use_auto_config": False,
        "config": {"engine": "python", "cpu": 1.0, "memory_gb": 2.0, "gpu": 0},
        "approval": {"by": "Mia Park"},
    }
    assert run(app, ["deployment", "update", "churn", "--cpu", "2"]).exit_code == 2
    run(app, ["deployment", "traffic", "churn", "25"])
    assert SENT[-1]["weights"] == [{"revision": 1, "weight": 75}, {"revision": 2, "weight": 25}]
    assert run(app, ["deployment", "rotate-key", "churn", "app"]).output == "myk_new\n"
    ANSWERS["DELETE", f"{path}/d/scaling"] = (200, {"is_default": True})
    done = run(app, ["deployment", "scale", "churn", "--reset"])
    assert (done.exit_code, "by default" in done.output) == (0, True)
    wrong = run(app, ["deployment", "update", "churn", "--strategy", "magic"])
    assert wrong.exit_code == 2


def test_command_line_keeps_constraints_in_a_file_and_fails_when_broken(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    path = "/api/v1/deployments/d/constraints"
    kept = {"version": 2, "columns": [{"column": "age", "minimum": 18}], "proposed": []}
    broken = {
        "column": "age",
        "check": "range",
        "status": "broken",
        "values": 100,
        "broken": 20,
        "allowed_share": 0.01,
        "explain": "age is at least 18: 20 of 100 values are not (20.0%).",
        "examples": [{"prediction_id": "p-1", "row": 3}],
    }
    found = {"status": "broken", "reason": "1 of 1 checks are broken.", "rows": 100}
    ANSWERS["GET", "/api/v1/deployments"] = (
        200,
        {"items": [_a_canary()], "next_cursor": None},
    )
    ANSWERS["GET", path] = ANSWERS["PUT", path] = (200, kept)
    ANSWERS["GET", f"{path}/violations"] = (200, found | {"checks": [broken]})
    run = CliRunner().invoke

    shown = run(app, ["constraint", "show", "churn"])
    assert json.loads(shown.output) == kept["columns"]
    done = run(app, ["constraint", "apply", "churn"], input=shown.output)
    assert done.output == "version 2: 1 columns of churn\n"
    assert next(body for body in SENT if body)["columns"] == kept["columns"]
    checked = run(app, ["constraint", "check", "churn", "--window", "1h"])
    assert checked.exit_code == 1
    assert "20 of 100 values are not (20.0%). p-1 row 3" in checked.output.replace("\n", " ")
    assert run(app, ["constraint", "apply", "churn"], input="{}").exit_code == 2


def test_command_line_tells_drift_of_columns_alone_and_together(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    alone = {
        "verdict": "ok",
        "verdict_reason": "None of 4 columns moved.",
        "is_confirmed": False,
        "quality": "ok",
        "quality_reason": "",
        "rows": 600,
        "features": [],
    }
    pair = {"first": "income", "second": "rent", "reference": 0.8, "current": 0.0}
    together = alone | {
        "verdict": "drifting",
        "is_confirmed": True,
        "verdict_reason": "Rows are rebuilt worse.",
        "error": {"value": 1.7, "low": 1.1, "high": 1.3},
        "pairs": [pair | {"is_drifting": True}],
    }
    ANSWERS["GET", "/api/v1/deployments"] = (200, {"items": [_a_canary()], "next_cursor": None})
    ANSWERS["GET", "/api/v1/deployments/d/drift"] = (200, alone)
    ANSWERS["GET", "/api/v1/deployments/d/drift/joint"] = (200, together)
    run = CliRunner().invoke

    shown = run(app, ["drift", "show", "churn", "--window", "1h"])
    assert shown.exit_code == 0
    assert "together: drifting. Rows are rebuilt worse." in shown.output
    assert "income and rent: correlation 0.80 before, 0.00 now" in shown.output
    assert run(app, ["drift", "show", "churn", "--check"]).exit_code == 1


def test_command_line_keeps_safeguards_in_a_file_and_tells_what_held(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    path = "/api/v1/deployments/d/safeguards"
    rules = [{"name": "unsure", "check": "confidence", "minimum": 0.7}]
    example = {"prediction_id": "p-1", "row": 3}
    counted = {"name": "unsure", "action": "flag", "calls": 4, "rows": 5, "share": 0.04}
    ANSWERS["GET", "/api/v1/deployments"] = (200, {"items": [_a_canary()], "next_cursor": None})
    ANSWERS["GET", path] = ANSWERS["PUT", path] = (
        200,
        {"version": 2, "safeguards": rules, "inputs": ["age"]},
    )
    ANSWERS["GET", f"{path}/held"] = (
        200,
        {"calls": 100, "safeguards": [counted | {"examples": [example]}]},
    )
    run = CliRunner().invoke

    shown = run(app, ["safeguard", "show", "churn"])
    assert json.loads(shown.output) == rules
    done = run(app, ["safeguard", "apply", "churn"], input=shown.output)
    assert done.output == "version 2: 1 safeguards of churn\n"
    assert next(body for body in SENT if body)["safeguards"] == rules
    told = run(app, ["safeguard", "held", "churn"]).output
    assert "unsure: 4 calls (4.0%), 5 rows, newest p-1 row 3" in told.replace("\n", " ")
    assert run(app, ["safeguard", "apply", "churn"], input="{}").exit_code == 2


def test_relevant_items_and_gains_are_outcomes_of_rankings(url: str) -> None:
    ANSWERS["POST", "/api/v1/deployments/d/outcomes"] = (200, _counts(2, []))
    with modelyard.Client(url, "mlp_x") as client:
        client.deployments.send_outcomes("d", {"p1": ("a", 7), "p2": {"a": 3.0}})
    assert [one["value"] for one in SENT[0]["outcomes"]] == [["a", 7], {"a": 3.0}]


def test_outcomes_go_in_batches_and_their_counts_are_added(url: str) -> None:
    problem = {"index": 3, "problem": "It has no row 9."}
    ANSWERS["POST", "/api/v1/deployments/d/outcomes"] = (200, _counts(10, [problem]))

    with modelyard.Client(url, "mlp_x") as client:
        sent = client.deployments.send_outcomes("d", {f"p{n}": n % 2 for n in range(10_001)})

    assert [len(body["outcomes"]) for body in SENT] == [10_000, 1]
    first = {"prediction_id": "p0", "value": 0, "at": None, "row": 0}
    assert SENT[0]["outcomes"][0] == first
    assert (sent.received, sent.matched, sent.rejected) == (20, 18, 2)
    assert sent.problems == ("outcome 3: It has no row 9.", "outcome 13: It has no row 9.")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("o.csv", "prediction_id,value,at\np1,1,2026-11-20T10:00:00+00:00\n", "1"),
        ("o.json", '[{"prediction_id": "p1", "value": 1, "at": "2026-11-20T10:00:00Z"}]', 1),
        ("o.jsonl", '{"prediction_id": "p1", "value": 1, "at": "2026-11-20T10:00:00Z"}\n', 1),
        (
            "ranked.csv",
            'prediction_id,value,at\np1,"[""a"", ""b""]",2026-11-20T10:00:00+00:00\n',
            ["a", "b"],
        ),
    ],
)
def test_command_line_sends_outcomes_of_a_file(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, value: Any
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    (tmp_path / name).write_text(text)
    page = {"items": [_deployment()], "next_cursor": None}
    ANSWERS["GET", "/api/v1/deployments"] = (200, page)
    ANSWERS["POST", "/api/v1/deployments/d/outcomes"] = (200, _counts(1))

    done = CliRunner().invoke(app, ["outcome", "send", "staging/fraud", str(tmp_path / name)])

    assert done.exit_code == 0, done.output
    assert "1 received: 1 matched" in done.output
    (one,) = SENT[-1]["outcomes"]
    assert (one["prediction_id"], one["value"]) == ("p1", value)
    at = dt.datetime.fromisoformat(one["at"])
    assert at == dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)


def test_command_line_sends_outcomes_of_entities(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    file = tmp_path / "o.csv"
    file.write_text("entity,value,at,since\n0042,1,2026-11-20T10:00:00Z,2026-11-19T10:00:00Z\n")
    page = {"items": [_deployment()], "next_cursor": None}
    ANSWERS["GET", "/api/v1/deployments"] = (200, page)
    counts = _counts(1) | {"matched": 0, "waiting": 1, "reasons": {"entity_unknown": 1}}
    ANSWERS["POST", "/api/v1/deployments/d/outcomes"] = (200, counts)

    done = CliRunner().invoke(
        app, ["outcome", "send", "staging/fraud", str(file), "--within-days", "0.5"]
    )

    assert done.exit_code == 0, done.output
    assert "1 waiting" in done.output
    assert "entity unknown: 1" in done.output
    (one,) = SENT[-1]["outcomes"]
    assert (one["entity"], one["value"], sorted(one)) == (
        "0042",
        "1",
        ["at", "entity", "since", "value"],
    )


def test_command_line_says_what_is_wrong_with_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    (tmp_path / "o.csv").write_text("id,value\np1,1\n")

    done = CliRunner().invoke(app, ["outcome", "send", "fraud", str(tmp_path / "o.csv")])

    assert done.exit_code == 2
    assert "prediction_id" in done.output


def test_command_line_pulls_outcomes_and_says_why_a_pull_stopped(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    page = {"items": [_deployment()], "next_cursor": None}
    ANSWERS["GET", "/api/v1/deployments"] = (200, page)
    path = "/api/v1/deployments/d/outcome-source"
    counts = _counts(12) | {"problems": ["Row 7: value: Field required"]}
    ended: dict[str, Any] = {"error": None, "counts": counts}
    ANSWERS["POST", f"{path}/pulls"] = (202, {"is_pulling": True, "pulls": []})
    ANSWERS["GET", path] = (200, {"is_pulling": False, "pulls": [ended]})

    done = CliRunner().invoke(app, ["outcome", "pull", "staging/fraud", "--from-start"])
    ended["error"] = "The password is not that of the user reader."
    stopped = CliRunner().invoke(app, ["outcome", "pull", "staging/fraud"])

    assert "12 received" in done.output
    assert "Row 7: value: Field required" in done.output
    assert {"from_start": True} in SENT
    assert stopped.exit_code == 1
    assert "not that of the user reader" in stopped.output


def test_a_rollback_that_ends_a_canary_waits_for_what_serves_then(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    ended = {"number": 2, "version": 2, "status": "stopped", "status_reason": "Rolled back."}
    page = {"items": [_deployment()], "next_cursor": None}
    ANSWERS["GET", "/api/v1/deployments"] = (200, page)
    ANSWERS["GET", "/api/v1/deployments/d"] = (200, {**_deployment(), "latest_revision": ended})
    ANSWERS["POST", "/api/v1/deployments/d/rollback"] = (202, {"number": 1})
    answer = CliRunner().invoke(app, ["deployment", "rollback", "fraud", "--reason", "no"])
    assert "serves fraud version 1" in answer.output
    assert answer.exit_code == 0
    client = modelyard.Client(url=url, token="mlp_x")
    with pytest.raises(modelyard.DeploymentFailed):
        client.deployments.get("d").wait()


def _deployment() -> dict[str, Any]:
    revision = {"number": 1, "version": 1, "status": "ready", "status_reason": None}
    return {
        "id": "d",
        "name": "fraud",
        "environment": "staging",
        "url": "http://localhost/team/staging/fraud",
        "status": "ready",
        "status_reason": None,
        "model_name": "fraud",
        "live_revision": revision,
        "latest_revision": revision,
    }


def _alert(**changed: Any) -> dict[str, Any]:
    return {
        "id": "a-1",
        "number": 12,
        "title": "Calls fail",
        "severity": "critical",
        "cause": "availability",
        "deployment_id": "d",
        "environment": "staging",
        "deployment_name": "churn",
        "opened_at": "2026-11-27T08:00:00Z",
        "acknowledged_by_name": "Ana",
        "resolved_at": None,
        "signals": [{"text": "Failed calls 30.0% [5 min]."}],
        **changed,
    }


def test_alerts_are_listed_and_handled_by_number(url, monkeypatch):
    monkeypatch.setenv("MODELYARD_URL", url)
    monkeypatch.setenv("MODELYARD_TOKEN", "mlp_x")
    ANSWERS["GET", "/api/v1/alerts"] = (200, {"items": [_alert()], "next_cursor": None})
    ANSWERS["GET", "/api/v1/alerts/a-1"] = (200, _alert())
    ANSWERS["POST", "/api/v1/alerts/a-1/acknowledge"] = (200, _alert())
    ANSWERS["POST", "/api/v1/alerts/a-1/roll-back"] = (202, _alert())
    ended = _alert(summary="Resolved by Ana.")
    ANSWERS["POST", "/api/v1/alerts/a-1/resolve"] = (200, ended)
    run = CliRunner().invoke
    listed = " ".join(run(app, ["alert", "list"], env={"COLUMNS": "200"}).output.split())
    assert "Failed calls 30.0%" in listed
    assert "[5 min]." in listed
    assert "#12 Calls fail" in run(app, ["alert", "show", "12"]).output
    assert "acknowledged by Ana" in run(app, ["alert", "ack", "12"]).output
    assert "is being rolled back" in run(app, ["alert", "rollback", "12"]).output
    sides = {"sides": [{"revision": 2}, {"revision": 1}]}
    ANSWERS["GET", "/api/v1/alerts/a-1/shift"] = (200, sides)
    ANSWERS["POST", "/api/v1/alerts/a-1/shift"] = ANSWERS["POST", "/api/v1/alerts/a-1/roll-back"]
    assert "30 % of" in run(app, ["alert", "shift", "12", "30"]).output
    assert SENT[-1] == {"revision": 1, "percent": 30, "reason": None}
    done = run(app, ["alert", "resolve", "12", "--as", "fixed", "--note", "mended"])
    assert "Resolved by Ana." in done.output
    assert SENT[-1] == {"resolution": "fixed", "note": "mended"}
    missing = run(app, ["alert", "ack", "13"])
    assert missing.exit_code == 1


def test_a_webhook_is_told_from_a_forged_or_old_one():
    import base64
    import hashlib
    import hmac
    import time

    key, at = b"k" * 32, str(int(time.time()))
    secret = "whsec_" + base64.b64encode(key).decode()
    signed = hmac.new(key, f"msg_1.{at}.".encode() + b"{}", hashlib.sha256).digest()
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": at,
        "Webhook-Signature": f"v1,{base64.b64encode(signed).decode()}",
    }
    assert modelyard.webhook_is_ours(headers, b"{}", secret)
    assert not modelyard.webhook_is_ours(headers, b"{ }", secret)
    assert not modelyard.webhook_is_ours(headers, b"{}", secret, tolerance_seconds=-1)
    assert not modelyard.webhook_is_ours(headers | {"Webhook-Timestamp": "1"}, b"{}", secret)
    assert not modelyard.webhook_is_ours({}, b"{}", secret)
