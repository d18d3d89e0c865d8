"""Mail by SMTP, sent by a background job so that no request waits for a mail server."""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from sqlalchemy.orm import Session

from modelyard_server.kernel import jobs
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.settings import Settings

JOB = "identity.send_mail"
_PURPOSE = "mail"
_TIMEOUT_SECONDS = 20


class Mailer:
    """Queues mail; knows whether this installation can send any."""

    def __init__(self, settings: Settings, key: RootKey) -> None:
        self._settings = settings
        self._key = key

    @property
    def is_configured(self) -> bool:
        """Whether there is a mail server."""
        return bool(self._settings.smtp_url)

    @property
    def sender(self) -> str:
        """Whom mail comes from."""
        return self._settings.mail_from

    def queue(self, db: Session, *, to: str, subject: str, text: str) -> None:
        """Send after the caller's commit. The job row holds the mail sealed: it carries links."""
        message = json.dumps({"to": to, "subject": subject, "text": text})
        sealed = base64.b64encode(self._key.seal(_PURPOSE, message)).decode()
        jobs.enqueue(db, JOB, {"sealed": sealed}, workspace_id=None)

    def send(self, sealed: str) -> None:
        """Deliver a queued mail now."""
        parts = json.loads(self._key.open(_PURPOSE, base64.b64decode(sealed)))
        message = EmailMessage()
        message["From"], message["To"] = self._settings.mail_from, parts["to"]
        message["Subject"] = parts["subject"]
        message.set_content(parts["text"])
        self.post(message)

    def post(self, message: EmailMessage) -> None:
        """Hand a message to the mail server."""
        server = urlsplit(self._settings.smtp_url)
        secure = server.scheme == "smtps"
        port = server.port or (465 if secure else 25)
        context = ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(server.hostname or "", port, timeout=_TIMEOUT_SECONDS, context=context)
            if secure
            else smtplib.SMTP(server.hostname or "", port, timeout=_TIMEOUT_SECONDS)
        ) as smtp:
            if not secure and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(message)
