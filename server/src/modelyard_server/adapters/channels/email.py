"""Mail: text and HTML, one thread per alert."""

from __future__ import annotations

import html
import smtplib
import uuid
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from modelyard_server.identity.mail import Mailer
from modelyard_server.kernel.services import Services
from modelyard_server.notifications.ports import Address, Kind, NotDelivered, Notice

_COLOURS = {"critical": "#b3261e", "warning": "#8a5a00", "info": "#3b5bdb"}
_DONE = "#1a7f37"


class Email:
    """Sends by the installation's mail server."""

    kind: Kind = "email"

    def __init__(self, services: Services) -> None:
        self._services = services

    def send(self, address: Address, notice: Notice, message_id: uuid.UUID) -> None:
        """Send one message to all recipients.

        Raises:
            NotDelivered: there is no mail server, or it did not take the message.
        """
        mailer = self._services.get(Mailer)
        if not mailer.is_configured:
            raise NotDelivered("This installation has no mail server.", is_final=True)
        try:
            mailer.post(_message(mailer.sender, address, notice, message_id))
        except smtplib.SMTPRecipientsRefused:
            raise NotDelivered("The mail server refused every recipient.", is_final=True) from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotDelivered(f"The mail server failed: {type(error).__name__}.") from None


def _message(sender: str, address: Address, notice: Notice, message_id: uuid.UUID) -> EmailMessage:
    domain = parseaddr(sender)[1].rpartition("@")[2] or "modelyard"
    root = f"<{notice.thread}@{domain}>"
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(address.recipients)
    prefix = "" if notice.event in {"fired", "test", "digest"} else "Re: "
    message["Subject"] = f"{prefix}[Modelyard] {_line(notice.subject)}"
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{message_id.hex}@{domain}>"
    message["References"] = message["In-Reply-To"] = root
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(notice))
    message.add_alternative(_html(notice), subtype="html")
    return message


def _text(notice: Notice) -> str:
    facts = [f"{fact.name}: {fact.value}" for fact in notice.facts]
    parts = [notice.title, "", notice.text, "", *facts]
    return "\n".join([*parts, "", notice.link] if notice.link else parts) + "\n"


def _html(notice: Notice) -> str:
    colour = _DONE if notice.is_end else _COLOURS[notice.severity]
    facts = "".join(
        f'<tr><td style="padding:2px 16px 2px 0;color:#57606a">{html.escape(fact.name)}</td>'
        f"<td>{html.escape(fact.value)}</td></tr>"
        for fact in notice.facts
    )
    link = (
        f'<p><a href="{html.escape(notice.link, quote=True)}">Open in Modelyard</a></p>'
        if notice.link
        else ""
    )
    text = html.escape(notice.text).replace("\n", "<br>")
    return (
        '<html><body style="font-family:sans-serif;font-size:14px;color:#1f2328">'
        f'<h2 style="font-size:18px;border-left:4px solid {colour};padding-left:10px">'
        f"{html.escape(notice.title)}</h2><p>{text}</p><table>{facts}</table>{link}</body></html>"
    )


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
