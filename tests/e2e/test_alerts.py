"""Drifted traffic, an alert, its cause, the way back: three clicks, and everybody hears the end."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.make.browser import Visitor, a_visitor
from tests.make.channels import Mailbox, Receiver, a_mail_server, a_receiver
from tests.make.installation import ROOT, Installation, an_installation, wait_for
from tests.make.journey import EMAIL, PASSWORD, Member, an_owner

sys.path.insert(0, str(ROOT / "examples"))
from replay import rows

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
LONG = 60_000


@pytest.fixture
def ears() -> Iterator[tuple[Receiver, Mailbox, str]]:
    with a_receiver() as receiver, a_mail_server() as (box, smtp_url):
        yield receiver, box, smtp_url


@pytest.fixture
def installation(tmp_path: Path, ears: Any) -> Iterator[Installation]:
    settings = {
        "MODELYARD_ALERT_SECONDS": "0.5",
        "MODELYARD_SMTP_URL": ears[2],
        "MODELYARD_EGRESS_ALLOW": "127.0.0.0/8",
    }
    with an_installation(tmp_path, **settings) as made:
        yield made


def test_from_alert_to_cause_to_the_way_back_in_three_clicks(
    installation: Installation, ears: tuple[Receiver, Mailbox, str]
) -> None:
    receiver, box, _ = ears
    ada = an_owner(installation)
    deployment, key = _second_version_live(ada)
    _listen(ada, receiver)
    url = ada.get(f"/deployments/{deployment}")["url"]

    def is_told() -> bool:  # a second minute confirms the first
        _send(url, key, drift=True)
        return _types(receiver) == ["alert.fired"]

    wait_for(is_told, 180, lambda: _why(ada, receiver))

    with a_visitor() as visitor:
        page = visitor.page
        _sign_in(visitor, installation)
        needs_you = page.get_by_role("region", name="Needs you")
        expect(needs_you.get_by_text("columns have moved")).to_be_visible(timeout=LONG)

        visitor.click(needs_you.get_by_role("link", name="The data have drifted"))
        changed = page.get_by_role("region", name="What changed before it")
        expect(changed.get_by_text("mean radius moved")).to_be_visible(timeout=LONG)
        expect(changed.get_by_text("version 2").first).to_be_visible()
        visitor.click(page.get_by_role("button", name="Roll back to v1"))
        visitor.click(page.get_by_role("dialog").get_by_role("button", name="Roll back"))

        expect(page.get_by_text("Watching whether it recovers.")).to_be_visible(timeout=LONG)
        assert len(visitor.clicks) == 3, visitor.clicks
        ada.until_live(deployment, version=1)
        _send(url, key, drift=False)
        expect(page.get_by_text("Recovered after an action")).to_be_visible(timeout=LONG)
        summary = page.get_by_role("region", name="Summary")
        expect(summary.get_by_text("Rolled back to version 1")).to_be_visible()
        assert not visitor.complaints

    wait_for(
        lambda: _types(receiver) == ["alert.fired", "alert.resolved"] and len(box.mails) == 2,
        30,
        lambda: _why(ada, receiver),
    )
    first, last = box.mails
    assert first["References"] == last["References"]
    assert "Resolved" in last.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    trail = ada.get("/audit", object_id=deployment)["items"]
    assert [e["action"] for e in trail].count("deployments.roll_back") == 1


def _second_version_live(ada: Member) -> tuple[str, str]:
    ada.run_example("quickstart.py")
    found = ada.get("/models")["items"][0]
    mlflow = f"{ada.installation.url}/api/2.0/mlflow/model-versions"
    asked = ada.http.get(f"{mlflow}/get", params={"name": found["name"], "version": "1"}).json()
    again = {name: asked["model_version"][name] for name in ("name", "source", "run_id")}
    ada.http.post(f"{mlflow}/create", json=again).raise_for_status()
    made = ada.deploy(found["name"], version=1)
    ada.post(f"/deployments/{made['id']}/revisions", {"version": 2})
    ada.until_live(made["id"], version=2)
    return made["id"], ada.a_key(made["id"])


def _listen(ada: Member, receiver: Receiver) -> None:
    """Make channels; tell at once, and let the drift rule end at once: the test has no hour."""
    ada.post("/channels", {"name": "hook", "kind": "webhook", "url": receiver.url})
    mail = {"name": "mail", "kind": "email", "recipients": [EMAIL]}
    ada.post("/channels", mail)
    answer = ada.http.put("/alert-policy", json={"group_wait_seconds": 0})
    assert answer.status_code == 200, answer.text
    for rule in ada.get("/alert-rules"):
        keep = rule["name"] == "Inputs have drifted"
        patch = {"recover_seconds": 0} if keep else {"is_enabled": False}
        ada.http.patch(f"/alert-rules/{rule['id']}", json=patch).raise_for_status()


def _send(url: str, key: str, *, drift: bool) -> None:
    sent = rows(300, drift=drift, seed=7)
    for start in range(0, len(sent), 50):
        answer = httpx.post(
            f"{url}/predict",
            json={"rows": sent[start : start + 50]},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text


def _sign_in(visitor: Visitor, installation: Installation) -> None:
    page = visitor.page
    page.goto(f"{installation.url}/sign-in")
    page.get_by_role("textbox", name="E-mail").fill(EMAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/home"))


def _types(receiver: Receiver) -> list[str]:
    return [post.json["type"] for post in receiver.posts]


def _why(ada: Member, receiver: Receiver) -> str:
    seen = [(r["name"], r["state"], r["text"]) for r in ada.get("/alert-rules")]
    return f"{_types(receiver)} {seen} {ada.get('/deliveries')}"
