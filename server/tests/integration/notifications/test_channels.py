"""Channels: secrets go in and never come out; deliveries are tried, kept, and sent again."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.make.channels import (
    Receiver,
    a_channel,
    mailing,
    receiver,
    run_notifications,
)
from tests.make.deployments import replaced
from tests.make.fixtures import TeamSpace

from modelyard_server.kernel import clock
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.egress import Egress
from modelyard_server.notifications import pruning, service
from modelyard_server.notifications.models import Channel, Delivery
from modelyard_server.notifications.ports import Notice

__all__ = ["receiver"]


def say(workspace: TeamSpace, *, commit: bool = True, **changed: Any) -> None:
    """Put a notice into the outbox in a transaction, as a change does."""
    facts: dict[str, Any] = {
        "event": "fired",
        "thread": "alert-1",
        "subject": "Errors of staging/churn",
        "title": "Calls fail",
        "text": "More than 5 % for 5 minutes.",
        "severity": "critical",
        "at": utcnow(),
    }
    with workspace.platform.database.session(workspace.id) as db:
        service.send(db, Notice(**(facts | changed)))
        if not commit:
            db.rollback()


def deliveries(workspace: TeamSpace, **query: Any) -> list[dict[str, Any]]:
    answer = workspace.client("viewer").get("/api/v1/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.fixture
def later() -> Iterator[Any]:
    """Move the clock on."""
    now = dt.datetime.now(dt.UTC)

    def move(**by: float) -> None:
        nonlocal now
        now += dt.timedelta(**by)
        clock.set_source(lambda: now)

    move()
    yield move
    clock.set_source(None)


def test_a_webhook_is_signed_so_that_its_receiver_can_tell(
    workspace: TeamSpace, receiver: Receiver
) -> None:
    made = a_channel(workspace, url=receiver.url)
    say(workspace)
    run_notifications(workspace)

    [post] = receiver.posts
    key = base64.b64decode(made["signing_secret"].removeprefix("whsec_"))
    message_id, at = post.headers["webhook-id"], post.headers["webhook-timestamp"]
    expected = hmac.new(key, f"{message_id}.{at}.".encode() + post.body, hashlib.sha256).digest()
    assert post.headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert abs(utcnow().timestamp() - int(at)) < 60
    assert post.json["type"] == "alert.fired"
    [row] = deliveries(workspace)
    assert (row["state"], row["attempts"]) == ("delivered", 1)


def test_secrets_are_sealed_and_never_shown(workspace: TeamSpace, receiver: Receiver) -> None:
    made = a_channel(workspace, url=receiver.url)
    admin = workspace.client()
    shown = admin.get(f"/api/v1/channels/{made['id']}").text + admin.get("/api/v1/channels").text
    trail = admin.get("/api/v1/audit").text
    with workspace.platform.database.session(workspace.id, write=False) as db:
        stored = str(vars(db.scalars(select(Channel)).one()))
    for secret in (made["signing_secret"], "very-secret-path"):
        assert secret not in shown + trail + stored
    assert admin.get(f"/api/v1/channels/{made['id']}").json()["target"] == "127.0.0.1"


def test_a_notice_of_a_change_that_failed_is_never_sent(
    workspace: TeamSpace, receiver: Receiver
) -> None:
    a_channel(workspace, url=receiver.url)
    say(workspace, commit=False)
    assert run_notifications(workspace) == 0
    assert deliveries(workspace) == []


def test_what_is_not_taken_is_tried_again_until_it_is_dead_then_replayed(
    workspace: TeamSpace, receiver: Receiver, later: Any
) -> None:
    a_channel(workspace, url=receiver.url)
    receiver.status = 503
    say(workspace)
    for pause in (0, 5, 300, 1800, 7200, 18000):
        if pause:
            later(seconds=pause - 1)
            assert run_notifications(workspace) == 0
        later(seconds=1)
        assert run_notifications(workspace) == 1
    later(days=2)
    assert run_notifications(workspace) == 0
    [dead] = deliveries(workspace, state="dead")
    assert (dead["attempts"], dead["last_error"]) == (6, "The receiver answered 503.")
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
    assert len({post.headers["webhook-timestamp"] for post in receiver.posts}) == 6

    receiver.status = 204
    admin = workspace.client()
    assert admin.post(f"/api/v1/deliveries/{dead['id']}/replay").status_code == 202
    run_notifications(workspace)
    assert deliveries(workspace)[0]["state"] == "delivered"
    again = admin.post(f"/api/v1/deliveries/{dead['id']}/replay")
    assert again.json()["code"] == "notifications.not_a_dead_letter"


@pytest.mark.parametrize("status", [302, 400, 410])
def test_a_refusal_that_time_does_not_mend_is_dead_at_once(
    workspace: TeamSpace, receiver: Receiver, status: int
) -> None:
    a_channel(workspace, url=receiver.url)
    receiver.status = status
    say(workspace)
    run_notifications(workspace)
    assert [row["state"] for row in deliveries(workspace)] == ["dead"]
    assert len(receiver.posts) == 1  # a redirect is not followed


def test_more_than_the_hourly_number_arrives_as_one_digest(
    workspace: TeamSpace, receiver: Receiver, later: Any
) -> None:
    a_channel(workspace, url=receiver.url, hourly_cap=2)
    for number in range(5):
        say(workspace, thread=f"alert-{number}", title=f"Alert {number}")
    run_notifications(workspace)
    assert len(receiver.posts) == 2
    later(minutes=61)
    run_notifications(workspace)
    digest = receiver.posts[-1].json
    assert len(receiver.posts) == 3
    assert digest["type"] == "alert.digest"
    assert all(f"Alert {number}" in digest["data"]["text"] for number in (2, 3, 4))
    states = [row["state"] for row in deliveries(workspace)]
    assert sorted(states) == ["delivered"] * 3 + ["digested"] * 3


def test_mail_goes_to_a_real_server_as_text_and_html(workspace: TeamSpace) -> None:
    with mailing(workspace.platform) as box:
        a_channel(workspace, "email", recipients=["ada@example.com", "bob@example.com"])
        say(workspace)
        say(workspace, event="resolved", title="Calls work again")
        run_notifications(workspace)
    assert box.recipients == [["ada@example.com", "bob@example.com"]] * 2
    first, second = box.mails
    assert first["References"] == second["References"]
    assert {part.get_content_type() for part in first.walk()} >= {"text/plain", "text/html"}
    assert "Calls work again" in second.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_mail_without_a_mail_server_is_refused(workspace: TeamSpace) -> None:
    body = {"name": "Mail", "kind": "email", "recipients": ["ada@example.com"]}
    answer = workspace.client().post("/api/v1/channels", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "notifications.no_mail_server")


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_chat_systems_get_their_own_shape(
    workspace: TeamSpace, receiver: Receiver, kind: str
) -> None:
    a_channel(workspace, kind, url=receiver.url)
    say(workspace)
    run_notifications(workspace)
    assert "attachments" in receiver.posts[0].json


def test_pagerduty_gets_the_key_in_the_body_at_the_configured_address(
    workspace: TeamSpace, receiver: Receiver
) -> None:
    from modelyard_server.settings import Settings

    platform = workspace.platform
    settings = platform.settings.model_copy(update={"pagerduty_url": receiver.url})
    a_channel(workspace, "pagerduty", routing_key="R" * 32)
    with replaced(platform, Settings, settings):
        say(workspace)
        run_notifications(workspace)
    assert receiver.posts[0].json["routing_key"] == "R" * 32
    assert receiver.posts[0].json["event_action"] == "trigger"


def test_the_test_button_says_what_happened(workspace: TeamSpace, receiver: Receiver) -> None:
    made = a_channel(workspace, url=receiver.url)
    address = f"/api/v1/channels/{made['id']}/test"
    admin = workspace.client()
    assert admin.post(address).json() == {"delivered": True, "error": None}
    receiver.status = 404
    assert admin.post(address).json() == {"delivered": False, "error": "The receiver answered 404."}
    assert [post.json["type"] for post in receiver.posts] == ["alert.test"] * 2
    assert admin.get(f"/api/v1/channels/{made['id']}").json()["dead_letters"] == 0


def test_inner_addresses_are_not_called_also_when_their_name_changes_its_mind(
    workspace: TeamSpace, receiver: Receiver
) -> None:
    """DNS rebinding: public when looked at, 127.0.0.1 the second time."""
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(next(answers))
        return [(2, 1, 6, "", (asked[-1], port))]

    made = a_channel(workspace, url=f"https://rebind.example.com:{receiver.port}/")
    guarded = Egress(resolve=resolve, timeout_seconds=0.2)
    guarded.check(f"https://rebind.example.com:{receiver.port}/")
    with replaced(workspace.platform, Egress, guarded):
        answer = workspace.client().post(f"/api/v1/channels/{made['id']}/test").json()
    assert answer["delivered"] is False
    assert "not a public address" in answer["error"]
    assert asked == ["93.184.216.34", "127.0.0.1"]  # judged and used alike: asked once each time
    assert receiver.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://2130706433/",
        "https://10.0.0.8/",
        "https://[64:ff9b::7f00:1]/",
    ],
)
def test_inner_addresses_are_never_called(workspace: TeamSpace, url: str) -> None:
    made = a_channel(workspace, url=url)
    answer = workspace.client().post(f"/api/v1/channels/{made['id']}/test").json()
    assert answer["delivered"] is False, answer
    assert "called" in answer["error"] or "no address" in answer["error"], answer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "webhook"}, "notifications.channel_incomplete"),
        ({"kind": "email"}, "notifications.channel_incomplete"),
        ({"kind": "pagerduty", "url": "https://example.com/x"}, "notifications.channel_incomplete"),
        (
            {"kind": "slack", "url": "https://example.com/x", "routing_key": "R" * 32},
            "notifications.channel_incomplete",
        ),
        ({"kind": "webhook", "url": "file:///etc/passwd"}, "request.invalid"),
        ({"kind": "fax", "url": "https://example.com/x"}, "request.invalid"),
    ],
)
def test_a_channel_that_goes_nowhere_is_refused(
    workspace: TeamSpace, body: dict[str, Any], code: str
) -> None:
    with mailing(workspace.platform):
        answer = workspace.client().post("/api/v1/channels", json={"name": "x", **body})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert workspace.client().get("/api/v1/channels").json() == []


def test_a_channel_is_changed_without_telling_its_secrets_again(
    workspace: TeamSpace, receiver: Receiver
) -> None:
    made = a_channel(workspace, url=receiver.url, name="first")
    other = a_channel(workspace, url=receiver.url, name="second", is_default=False)
    admin = workspace.client()
    address = f"/api/v1/channels/{made['id']}"
    assert admin.patch(address, json={"least_severity": "critical"}).status_code == 200
    taken = admin.patch(address, json={"name": "second"})
    assert taken.json()["code"] == "notifications.name_taken"
    say(workspace, severity="warning")
    say(workspace, severity="critical")
    run_notifications(workspace)
    assert [json.loads(p.body)["data"]["severity"] for p in receiver.posts] == ["critical"]
    fresh = admin.post(f"{address}/secret").json()["signing_secret"]
    assert fresh != made["signing_secret"]
    assert admin.delete(f"/api/v1/channels/{other['id']}").status_code == 204
    assert workspace.client("developer").patch(address, json={}).status_code == 403


def test_the_log_of_deliveries_is_bounded_and_what_waits_stays(
    workspace: TeamSpace, receiver, monkeypatch: pytest.MonkeyPatch
):
    a_channel(workspace, url=receiver.url)
    for state, days in (("delivered", 1), ("delivered", 2), ("dead", 100), ("waiting", 100)):
        say(workspace, title=f"{state} {days}")
        with workspace.platform.database.session(workspace.id) as db:
            newest = select(Delivery).order_by(Delivery.created_at.desc(), Delivery.id)
            row = db.scalars(newest.where(Delivery.title == f"{state} {days}")).one()
            row.state, row.created_at = state, utcnow() - dt.timedelta(days=days)
    with workspace.platform.database.session(workspace.id) as db:
        assert service.prune(db, utcnow()) == 1
    monkeypatch.setattr(pruning, "MOST_ROWS", 1)
    with workspace.platform.database.session(workspace.id) as db:
        assert service.prune(db, utcnow()) == 1
    assert {one["title"] for one in deliveries(workspace)} == {"delivered 1", "waiting 100"}
