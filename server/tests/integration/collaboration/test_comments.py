"""Threads on runs, models and versions, mentions, inbox and feed, on both databases."""

import email
import email.policy
import socket

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select
from starlette.testclient import TestClient
from tests.make.registry import MLFLOW, model_id, registered

from modelyard_server.identity.mail import JOB, Mailer
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.jobs import Job
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.settings import Settings

COMMENTS, INBOX = "/api/v1/comments", "/api/v1/inbox"


class Team:
    """Two developers, a viewer and an admin of one workspace, and something to talk about."""

    def __init__(self, workspace):
        self.space = workspace
        self.ana, self.ben = (workspace.a_person("developer") for _ in range(2))
        self.as_ana, self.as_ben = (
            self.client("developer", self.ana),
            self.client("developer", self.ben),
        )
        registered(self.as_ana, "churn")
        self.model = str(model_id(self.as_ana, "churn"))
        self.version = f"{self.model}/1"
        body = {"experiment_id": "0", "start_time": 1}
        made = self.as_ana.post(f"{MLFLOW}/runs/create", json=body).json()
        self.run = made["run"]["info"]["run_id"]

    def client(self, role, person):
        token = self.space.a_token(role, of=person)
        return TestClient(
            self.space.platform.app,
            headers={"Authorization": f"Bearer {token}"},
            raise_server_exceptions=False,
        )

    def say(self, client, body, *, on="run", **more):
        resource = {"run": self.run, "model": self.model, "model_version": self.version}[on]
        sent = {"resource_type": on, "resource_id": resource, "body": body, **more}
        return client.post(COMMENTS, json=sent)

    def threads(self, client, *, on="run"):
        resource = {"run": self.run, "model": self.model, "model_version": self.version}[on]
        asked = {"resource_type": on, "resource_id": resource}
        return client.get(COMMENTS, params=asked).json()["items"]


def handle(person):
    return person.email.partition("@")[0]


@pytest.fixture
def team(workspace):
    return Team(workspace)


@pytest.mark.parametrize("on", ["run", "model", "model_version"])
def test_people_talk_about_it_in_threads(team, on):
    first = team.say(team.as_ana, "Is **this** good?", on=on).json()
    reply = team.say(team.as_ben, "Yes", on=on, thread_id=first["id"])
    assert reply.status_code == 201, reply.text
    team.say(team.as_ben, "Another matter", on=on)

    threads = team.threads(team.as_ana, on=on)

    said = [[comment["body"] for comment in thread["comments"]] for thread in threads]
    assert said == [["Is **this** good?", "Yes"], ["Another matter"]]
    assert [c["may_edit"] for c in threads[0]["comments"]] == [True, False]


def test_a_thread_is_resolved_and_opened_again(team):
    first = team.say(team.as_ana, "Leaks the label?").json()
    team.as_ben.post(f"{COMMENTS}/{first['id']}/resolve")
    assert team.threads(team.as_ana)[0]["resolved_by_name"] == team.ben.display_name
    team.as_ana.post(f"{COMMENTS}/{first['id']}/reopen")
    assert team.threads(team.as_ana)[0]["resolved_at"] is None
    reply = team.say(team.as_ben, "No", thread_id=first["id"]).json()
    assert team.as_ben.post(f"{COMMENTS}/{reply['id']}/resolve").status_code == 404


def test_only_the_author_changes_a_comment_and_the_change_shows(team):
    made = team.say(team.as_ana, "It are good").json()
    address = f"{COMMENTS}/{made['id']}"
    refused = team.as_ben.patch(address, json={"body": "It is bad"})
    assert (refused.status_code, refused.json()["code"]) == (403, "collaboration.not_yours")
    assert team.as_ana.patch(address, json={"body": "It is good"}).status_code == 200
    shown = team.threads(team.as_ben)[0]["comments"][0]
    assert shown["body"] == "It is good"
    assert shown["edited_at"] is not None
    with team.space.platform.database.platform_session(write=False) as db:
        kept = db.scalars(
            select(AuditEvent).where(
                AuditEvent.workspace_id == team.space.id,
                AuditEvent.action == "collaboration.edit_comment",
            )
        ).one()
    assert (kept.before["body"], kept.after["body"]) == ("It are good", "It is good")


def test_a_deleted_comment_leaves_its_place(team):
    first = team.say(team.as_ana, f"Nonsense @{handle(team.ben)}").json()
    team.say(team.as_ben, "Why?", thread_id=first["id"])
    address = f"{COMMENTS}/{first['id']}"
    assert team.as_ben.delete(address).status_code == 403
    assert team.as_ana.delete(address).status_code == 204
    gone, stays = team.threads(team.as_ben)[0]["comments"]
    assert (gone["body"], gone["deleted_by_name"]) == (None, team.ana.display_name)
    assert stays["body"] == "Why?"
    assert team.as_ben.get(INBOX).json()["items"] == []
    refused = team.as_ana.patch(address, json={"body": "Back"})
    assert refused.json()["code"] == "collaboration.comment_deleted"
    assert team.space.client("admin").delete(address).status_code == 204


def test_a_mention_reaches_the_inbox_once_and_is_read_once(team):
    text = f"@{handle(team.ben)} see @{handle(team.ben)}, `@{handle(team.ana)}`, @nobody"
    made = team.say(team.as_ana, text, on="model").json()
    assert [m["handle"] for m in made["mentions"]] == [handle(team.ben)]
    items = team.as_ben.get(INBOX).json()["items"]
    assert [(i["reason"], i["resource_name"], i["read_at"]) for i in items] == [
        ("mention", "churn", None)
    ]
    assert items[0]["path"] == f"/models/{team.model}?tab=discussion"
    assert team.as_ana.get(f"{INBOX}/unread").json() == {"unread": 0}
    assert team.as_ben.get(f"{INBOX}/unread").json() == {"unread": 1}
    item = f"{INBOX}/{items[0]['id']}/read"
    assert team.as_ana.put(item).status_code == 404
    assert team.as_ben.put(item).status_code == 204
    assert team.as_ben.get(INBOX, params={"unread_only": True}).json()["items"] == []
    team.as_ben.delete(item)
    team.as_ben.post(f"{INBOX}/read")
    assert team.as_ben.get(f"{INBOX}/unread").json() == {"unread": 0}


def test_replies_reach_those_who_spoke_and_comments_the_owner(team):
    first = team.say(team.as_ben, "What is the owner of this?", on="model").json()
    assert [i["reason"] for i in team.as_ana.get(INBOX).json()["items"]] == ["comment"]
    team.say(team.as_ana, "Me", on="model", thread_id=first["id"])
    assert [i["reason"] for i in team.as_ben.get(INBOX).json()["items"]] == ["reply"]


def test_a_mention_is_mailed(team, request):
    heard = []

    class Post:
        async def handle_DATA(self, server, session, envelope):
            message = email.message_from_bytes(envelope.content, policy=email.policy.default)
            heard.append((envelope.rcpt_tos, message["subject"], message.get_content()))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Post(), hostname="127.0.0.1", port=port)
    controller.start()
    request.addfinalizer(controller.stop)
    services = team.space.platform.services
    before = services.get(Mailer)
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}")
    mailer = Mailer(settings, services.get(RootKey))
    services.provide(Mailer, mailer)
    request.addfinalizer(lambda: services.provide(Mailer, before))

    team.say(team.as_ana, f"@{handle(team.ben)} the label leaks", on="model_version")
    with team.space.platform.database.platform_session() as db:
        for job in db.scalars(select(Job).where(Job.kind == JOB, Job.state == "ready")):
            mailer.send(job.payload["sealed"])
            db.delete(job)

    [(to, subject, text)] = heard
    assert to == [team.ben.email]
    assert subject == f"{team.ana.display_name} mentioned you on churn v1"
    assert "the label leaks" in text
    assert f"/w/{team.space.slug}/models/{team.model}/v/1?tab=discussion" in text


def test_viewers_read_but_do_not_write(team):
    team.say(team.as_ana, "Done")
    viewer = team.space.client("viewer")
    assert len(team.threads(viewer)) == 1
    assert team.say(viewer, "Nice").status_code == 403


@pytest.mark.parametrize("body", ["", "   ", "\x00", "x" * 20_001])
def test_an_empty_or_endless_comment_is_refused(team, body):
    assert team.say(team.as_ana, body).status_code == 422


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("run", "nothing"),
        ("model", "x"),
        ("model_version", "x/1"),
        ("user", "1"),
        ("model_version", "00000000-0000-4000-8000-000000000001/99"),
    ],
)
def test_there_must_be_something_to_talk_about(team, kind, resource):
    sent = {"resource_type": kind, "resource_id": resource, "body": "Hello"}
    answer = team.as_ana.post(COMMENTS, json=sent)
    assert (answer.status_code, answer.json()["code"]) == (404, "collaboration.resource_not_found")


def test_threads_come_in_pages(team):
    for number in range(5):
        team.say(team.as_ana, f"Thread {number}")
    asked = {"resource_type": "run", "resource_id": team.run, "limit": 2}
    seen, cursor = [], None
    while True:
        page = team.as_ana.get(
            COMMENTS, params={**asked, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [thread["comments"][0]["body"] for thread in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"Thread {number}" for number in range(5)]


def test_the_feed_of_a_model_has_its_versions_and_comments_but_no_addresses(team):
    team.say(team.as_ben, "Why?", on="model_version")
    asked = {"resource_type": "model", "resource_id": team.model}
    events = team.space.client("viewer").get("/api/v1/activity", params=asked).json()["items"]
    actions = [event["action"] for event in events]
    assert actions[:2] == ["collaboration.comment", "registry.create_version"]
    assert "registry.create_model" in actions
    assert all("ip_address" not in event for event in events)
    mine = {"actor_id": str(team.ben.id), "area": "collaboration"}
    only = team.as_ana.get("/api/v1/activity", params=mine).json()["items"]
    assert [event["action"] for event in only] == ["collaboration.comment"]


def test_people_talk_about_a_deployment(serving):
    deployment = serving.deploy()
    reader = serving.workspace.client("developer")
    about = {"resource_type": "deployment", "resource_id": deployment["id"]}

    said = reader.post(COMMENTS, json={**about, "body": "Why is it slow?"})

    assert said.status_code == 201, said.text
    [thread] = serving.client.get(COMMENTS, params=about).json()["items"]
    assert [comment["body"] for comment in thread["comments"]] == ["Why is it slow?"]
    malformed = reader.get(COMMENTS, params={**about, "resource_id": "nothing"})
    assert malformed.status_code == 404
