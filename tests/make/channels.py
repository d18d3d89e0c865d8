"""Receivers of our own: a web server that keeps what it got, and a mail server."""

import email
import email.policy
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel import jobs
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.egress import Egress
from modelyard_server.settings import Settings

from .deployments import replaced
from .fixtures import Platform, TeamSpace


@dataclass
class Post:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers every POST with `status`, and keeps it."""

    posts: list[Post] = field(default_factory=list)
    status: int = 200
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/very-secret-path"


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.posts.append(Post(self.path, headers, body))
            self.send_response(made.status)
            if 300 <= made.status < 400:
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class Mailbox:
    """Keeps the mail that a real SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def a_mail_server() -> Iterator[tuple[Mailbox, str]]:
    """Give the mailbox and the URL of its server."""
    from .installation import a_free_port

    box, port = Mailbox(), a_free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@contextmanager
def mailing(platform: Platform) -> Iterator[Mailbox]:
    """Let a platform send its mail to a mailbox."""
    with a_mail_server() as (box, url):
        settings = platform.settings.model_copy(update={"smtp_url": url})
        mailer = Mailer(settings, platform.services.get(RootKey))
        with replaced(platform, Mailer, mailer), replaced(platform, Settings, settings):
            yield box


@pytest.fixture
def receiver(platform: Platform) -> Iterator[Receiver]:
    """A receiver on this machine, which the platform may call."""
    with a_receiver() as made, replaced(platform, Egress, Egress(["127.0.0.0/8"])):
        yield made


def run_notifications(workspace: TeamSpace) -> int:
    """Do what a worker would do with the due notification jobs of one workspace."""
    platform, done = workspace.platform, 0
    while (job := _due(workspace)) is not None:
        context = jobs.JobContext(
            id=job.id,
            kind=job.kind,
            workspace_id=workspace.id,
            payload=job.payload,
            attempt=1,
            is_last_attempt=True,
            database=platform.database,
            services=platform.services,
            token=1,
        )
        jobs._handlers[job.kind](context)
        done += 1
    return done


def _due(workspace: TeamSpace) -> jobs.Job | None:
    with workspace.platform.database.platform_session() as db:
        found = db.scalar(
            select(jobs.Job)
            .where(
                jobs.Job.owner_workspace_id == workspace.id,
                jobs.Job.kind.startswith("notifications."),
                jobs.Job.run_at <= utcnow(),
            )
            .order_by(jobs.Job.run_at)
            .limit(1)
        )
        if found is not None:
            db.delete(found)
        return found


def a_channel(workspace: TeamSpace, kind: str = "webhook", **more: Any) -> dict[str, Any]:
    """Make a channel through the API as an admin."""
    body = {"name": f"{kind} {uuid.uuid4().hex[:6]}", "kind": kind, **more}
    answer = workspace.client().post("/api/v1/channels", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
