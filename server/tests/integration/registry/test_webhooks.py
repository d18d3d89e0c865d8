"""Webhooks: told if and only if something happened, signed, tried again, and never inwards."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
from typing import get_args

import pytest
from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent
from mlflow.webhooks.types import get_example_payload_for_event
from sqlalchemy import delete, update
from tests.make.fixtures import make_platform
from tests.make.registry import MLFLOW

from modelyard_server.kernel import jobs
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.egress import Egress
from modelyard_server.registry import webhook_delivery, webhook_log, webhook_pages, webhooks

CREATED = [{"entity": "REGISTERED_MODEL", "action": "CREATED"}]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if statuses else 200)
        self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.seen, server.statuses = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_inwards(platform):
    """The operator has opened loopback, where the receiver is."""
    services = platform.services
    before = services.get(Egress)
    services.provide(Egress, Egress(("127.0.0.0/8",)))
    yield platform
    services.provide(Egress, before)
    with platform.database.platform_session() as db:
        db.execute(delete(jobs.Job).where(jobs.Job.kind == webhooks.DELIVER))


def a_webhook(client, url, **more):
    body = {"name": "hook", "url": url, "events": CREATED, "secret": "whisper", **more}
    made = client.post(f"{MLFLOW}/webhooks", json=body)
    assert made.status_code == 200, made.text
    return made.json()["webhook"]["webhook_id"]


def address(receiver, path="/in"):
    return f"http://127.0.0.1:{receiver.server_port}{path}"


def run_due(platform):
    """Run what is in the queue, also what waits to be tried again."""
    with platform.database.platform_session() as db:
        mine = jobs.Job.kind == webhooks.DELIVER, jobs.Job.state == "ready"
        db.execute(update(jobs.Job).where(*mine).values(run_at=utcnow()))
        others = jobs.Job.kind != webhooks.DELIVER, jobs.Job.state == "ready"
        db.execute(delete(jobs.Job).where(*others))
    worker = jobs.Worker(platform.database, platform.services)
    while worker.run_one():
        pass


def test_an_event_is_told_once_and_signed(open_inwards, workspace, receiver):
    client = workspace.client()
    a_webhook(client, address(receiver))
    other = workspace.platform.a_workspace().client()
    a_webhook(other, address(receiver, "/other"))

    tags = [{"key": "team", "value": "risk"}]
    assert client.post(f"{MLFLOW}/registered-models/create", json={"name": "m", "tags": tags})
    refused = client.post(f"{MLFLOW}/registered-models/create", json={"name": "m"})
    assert refused.status_code == 400  # nothing happened, nothing is told
    run_due(open_inwards)

    [(headers, body)] = receiver.seen
    told = json.loads(body)
    assert (told["entity"], told["action"], told["workspace"]) == (
        "registered_model",
        "created",
        workspace.slug,
    )
    assert told["data"] == {"name": "m", "tags": {"team": "risk"}, "description": None}
    signed = f"{headers['X-MLflow-Delivery-Id']}.{headers['X-MLflow-Timestamp']}.".encode() + body
    digest = hmac.new(b"whisper", signed, hashlib.sha256).digest()
    assert headers["X-MLflow-Signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_a_delivery_is_tried_again_until_it_is_heard(open_inwards, workspace, receiver):
    client = workspace.client()
    a_webhook(client, address(receiver))
    receiver.statuses = [503, 429]
    client.post(f"{MLFLOW}/registered-models/create", json={"name": "m"})
    for _ in range(3):
        run_due(open_inwards)
    assert len({headers["X-MLflow-Delivery-Id"] for headers, _ in receiver.seen}) == 1
    assert len(receiver.seen) == 3
    run_due(open_inwards)
    assert len(receiver.seen) == 3


def test_what_the_receiver_refuses_is_not_repeated(open_inwards, workspace, receiver):
    client = workspace.client()
    a_webhook(client, address(receiver))
    receiver.statuses = [404]
    client.post(f"{MLFLOW}/registered-models/create", json={"name": "m"})
    run_due(open_inwards)
    run_due(open_inwards)
    assert len(receiver.seen) == 1


def test_disabled_and_deleted_webhooks_are_silent(open_inwards, workspace, receiver):
    client = workspace.client()
    first, second = a_webhook(client, address(receiver)), a_webhook(client, address(receiver))
    client.post(f"{MLFLOW}/registered-models/create", json={"name": "m"})
    assert client.patch(f"{MLFLOW}/webhooks/{first}", json={"status": "DISABLED"}).is_success
    assert client.delete(f"{MLFLOW}/webhooks/{second}").is_success
    run_due(open_inwards)
    assert receiver.seen == []


def test_a_test_delivery_says_how_it_went(open_inwards, workspace, receiver):
    client = workspace.client()
    made = a_webhook(client, address(receiver))
    receiver.statuses = [200, 418]
    heard = client.post(f"{MLFLOW}/webhooks/{made}/test", json={}).json()["result"]
    assert heard == {"success": True, "response_status": 200}
    asked = {"event": {"entity": "PROMPT", "action": "CREATED"}}
    refused = client.post(f"{MLFLOW}/webhooks/{made}/test", json=asked).json()["result"]
    assert refused == {"success": False, "response_status": 418}
    assert json.loads(receiver.seen[1][1])["entity"] == "prompt"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "https://user:word@hooks.example.com/",
        "not a url",
        "",
    ],
)
def test_a_webhook_never_points_inwards(workspace, url):
    client = workspace.client()
    body = {"name": "hook", "url": url, "events": CREATED}
    refused = client.post(f"{MLFLOW}/webhooks", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert client.get(f"{MLFLOW}/webhooks").json() == {}


def test_an_address_that_turns_inwards_later_is_not_called(workspace, receiver):
    """The name is public when the webhook is made, and this machine when it is called."""
    platform, said = workspace.platform, []

    def rebinding(_host, port, **_kwargs):
        said.append("93.184.216.34" if not said else "127.0.0.1")
        return [(0, 0, 0, "", (said[-1], port))]

    before = platform.services.get(Egress)
    platform.services.provide(Egress, Egress(resolve=rebinding))
    try:
        client = workspace.client()
        made = a_webhook(client, f"https://hooks.example.com:{receiver.server_port}/")
        result = client.post(f"{MLFLOW}/webhooks/{made}/test", json={}).json()["result"]
    finally:
        platform.services.provide(Egress, before)
    assert result["success"] is False
    assert "not a public address" in result["error_message"]
    assert receiver.seen == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "-hook"},
        {"name": "x" * 64},
        {"events": []},
        {"events": [{"entity": "REGISTERED_MODEL", "action": "DELETED"}]},
        {"events": [{"entity": "EXPERIMENT", "action": "CREATED"}]},
        {"status": "SLEEPY"},
        {"description": "x" * 1001},
    ],
)
def test_a_malformed_webhook_is_refused(workspace, wrong):
    client = workspace.client()
    body = {"name": "hook", "url": "https://hooks.example.com/", "events": CREATED, **wrong}
    refused = client.post(f"{MLFLOW}/webhooks", json=body)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_the_web_manages_webhooks_and_sees_every_attempt(
    open_inwards, workspace, receiver, monkeypatch
):
    client = workspace.client("admin")
    body = {
        "name": "ci",
        "url": address(receiver),
        "events": ["registered_model.created"],
        "secret": "whisper it",
    }
    made = client.post("/api/v1/webhooks", json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["is_signed"], "secret" in made.json()) == (True, False)
    mine = f"/api/v1/webhooks/{made.json()['id']}"
    receiver.statuses = [503]
    client.post(f"{MLFLOW}/registered-models/create", json={"name": "m"})
    for _ in range(2):
        run_due(open_inwards)
    newest = client.get(f"{mine}/deliveries", params={"limit": 1}).json()
    older = client.get(f"{mine}/deliveries", params={"cursor": newest["next_cursor"]}).json()
    told = [*newest["items"], *older["items"]]
    assert [(t["attempt"], t["status"], t["will_retry"], t["failure"]) for t in told] == [
        (2, 200, False, None),
        (1, 503, True, "It answered 503."),
    ]
    assert len({t["delivery_id"] for t in told}) == 1
    assert all(t["is_signed"] and not t["is_test"] for t in told)

    monkeypatch.setattr(webhook_log, "MOST_KEPT", 2)
    receiver.statuses = [418]
    tried = client.post(f"{mine}/test", json={"event": "prompt.created"}).json()
    assert (tried["is_test"], tried["status"], tried["failure"]) == (True, 418, "It answered 418.")
    kept = client.get(f"{mine}/deliveries").json()["items"]
    assert [t["event"] for t in kept] == ["prompt.created", "registered_model.created"]

    changed = client.patch(mine, json={"is_active": False, "secret": ""}).json()
    assert (changed["is_active"], changed["is_signed"], changed["name"]) == (False, False, "ci")
    assert [hook["id"] for hook in client.get("/api/v1/webhooks").json()] == [changed["id"]]
    inwards = {"url": "https://169.254.169.254/"}
    assert client.patch(mine, json=inwards).json()["code"] == "registry.webhook_invalid"
    assert client.post("/api/v1/webhooks", json={**body, "events": ["x.y"]}).status_code == 422
    assert client.delete(mine).status_code == 204
    assert client.get(f"{mine}/deliveries").status_code == 404


def test_each_event_has_an_example_and_a_word_in_the_contract():
    named = set(get_args(webhook_pages.RegistryEvent))
    assert named == set(webhooks.EVENTS) == set(webhook_delivery.EXAMPLES)
    for event, told in webhook_delivery.EXAMPLES.items():
        entity, _, action = event.partition(".")
        theirs = WebhookEvent(WebhookEntity(entity), WebhookAction(action))
        assert told == get_example_payload_for_event(theirs)


def test_only_admins_manage_webhooks(workspace):
    for role, status in (("developer", 403), ("admin", 200)):
        body = {"name": "hook", "url": "https://hooks.example.com/", "events": CREATED}
        assert workspace.client(role).post(f"{MLFLOW}/webhooks", json=body).status_code == status
        assert workspace.client(role).get(f"{MLFLOW}/webhooks").status_code == status


def test_the_operator_opens_networks_by_a_setting(tmp_path):
    made = make_platform(
        f"sqlite:///{tmp_path / 'modelyard.db'}", tmp_path, egress_allow="10.1.0.0/16, 127.0.0.0/8"
    )
    made.services.get(Egress).check("http://127.0.0.1:1/")
    made.database.engine.dispose()
