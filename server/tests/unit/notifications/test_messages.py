"""What each kind of channel is sent: shapes that the services document, hostile text included."""

import base64
import datetime as dt
import hashlib
import hmac
import uuid

import pytest

from modelyard_server.adapters.channels import email, pagerduty, slack, teams, webhook
from modelyard_server.adapters.channels.posting import as_json
from modelyard_server.notifications.ports import Address, Fact, Notice


def notice(**changed):
    facts = {
        "event": "fired",
        "thread": "alert-1",
        "subject": "Errors of staging/churn",
        "title": "8.0 % of the calls to staging/churn fail",
        "text": "More than 5 % for 5 minutes.",
        "severity": "critical",
        "facts": [Fact(name="Deployment", value="staging/churn")],
        "link": "https://yard.example.com/w/team/alerts/1",
        "at": dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC),
    }
    return Notice(**(facts | changed))


HOSTILE = notice(
    title="<!channel> & <b>x</b>\r\nBcc: eve@example.com" + "x" * 5000,
    subject="A\r\nBcc: eve@example.com",
    text="<script>alert(1)</script> " + "é" * 40_000,
    facts=[Fact(name=f"<{n}>", value="v" * 5000) for n in range(30)],
)


def test_slack_gets_blocks_within_its_limits_and_no_markup_of_others():
    body = slack.message(HOSTILE)
    [attachment] = body["attachments"]
    header, text, fields, actions = attachment["blocks"]
    assert header["text"]["type"] == "plain_text"
    assert len(header["text"]["text"]) <= 150
    assert len(text["text"]["text"]) <= 3000
    assert len(fields["fields"]) <= 10
    assert all(len(field["text"]) <= 2000 for field in fields["fields"])
    assert actions["elements"][0]["url"] == HOSTILE.link
    assert "<!channel>" not in body["text"]
    assert "<script>" not in text["text"]["text"]


def test_teams_gets_one_adaptive_card_of_at_most_28_kb():
    body = teams.message(notice())
    [attachment] = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [part["type"] for part in card["body"]] == ["TextBlock", "TextBlock", "FactSet"]
    assert card["actions"][0]["type"] == "Action.OpenUrl"
    assert len(as_json(teams.message(HOSTILE.model_copy(update={"facts": []})))) < 28_000


@pytest.mark.parametrize(("event", "action"), [("fired", "trigger"), ("resolved", "resolve")])
def test_pagerduty_gets_one_incident_per_thread(event, action):
    body = pagerduty.event("0" * 32, notice(event=event))
    assert body["event_action"] == action
    assert body["dedup_key"] == "alert-1"
    assert body["payload"]["severity"] == "critical"
    assert {"summary", "source", "severity"} <= body["payload"].keys()
    assert len(pagerduty.event("0" * 32, HOSTILE)["payload"]["summary"]) <= 1024


def test_a_webhook_is_signed_over_id_time_and_body():
    key = b"k" * 32
    secret = "whsec_" + base64.b64encode(key).decode()
    signed = webhook.signature(secret, "msg_1", 1_700_000_000, b"{}")
    expected = hmac.new(key, b"msg_1.1700000000.{}", hashlib.sha256).digest()
    assert signed == f"v1,{base64.b64encode(expected).decode()}"


def test_mail_has_text_and_html_and_stays_in_its_thread():
    address = Address("email", ("ada@example.com", "bob@example.com"))
    first = email._message("Yard <yard@example.com>", address, notice(), uuid.uuid4())
    end = email._message("Yard <yard@example.com>", address, notice(event="resolved"), uuid.uuid4())
    assert first["References"] == end["References"] == "<alert-1@example.com>"
    assert end["Subject"] == f"Re: {first['Subject']}"
    assert first["Message-ID"] != end["Message-ID"]
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


def test_a_hostile_alert_adds_no_header_and_no_markup_to_mail():
    address = Address("email", ("ada@example.com",))
    message = email._message("yard@example.com", address, HOSTILE, uuid.uuid4())
    assert message["Bcc"] is None
    assert message["Subject"] == "[Modelyard] A Bcc: eve@example.com"
    html = message.get_body(("html",)).get_content()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
