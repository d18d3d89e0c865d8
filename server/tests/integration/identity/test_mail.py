"""Reset mail by SMTP, to a real server on this machine."""

import email
import email.policy
import re
import socket

from aiosmtpd.controller import Controller
from sqlalchemy import delete

from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.jobs import Job, Worker
from modelyard_server.settings import Settings


class Inbox:
    def __init__(self):
        self.texts = []

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.texts.append(message.get_content())
        return "250 OK"


def test_a_reset_link_is_mailed_and_its_job_does_not_show_it(platform, workspace, request):
    inbox = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    request.addfinalizer(controller.stop)
    before = platform.services.get(Mailer)
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}")
    platform.services.provide(Mailer, Mailer(settings, platform.services.get(RootKey)))
    request.addfinalizer(lambda: platform.services.provide(Mailer, before))
    person = workspace.a_person("viewer")

    with platform.database.platform_session() as db:  # left by other tests of this database
        db.execute(delete(Job))
    workspace.client().post("/api/v1/password-resets", json={"email": person.email})
    with platform.database.platform_session(write=False) as db:
        payloads = [str(job.payload) for job in db.query(Job).filter(Job.kind.contains("mail"))]
    while Worker(platform.database, platform.services).run_one():
        pass

    link = re.search(r"/reset/(\w{43})", inbox.texts[0])
    assert link is not None
    assert not any(link.group(1) in payload for payload in payloads)
