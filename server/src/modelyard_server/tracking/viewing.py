"""Addresses under which a browser may show what a run logged without trusting it.

HTML and SVG of users would act for whoever looks at them if they came from our origin. They are
served from an address of their own: it names content and an end, is signed, and no cookie, session
or token is ever read there. ADR 0016 has the reasons.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import ViewExpired

LIFETIME_SECONDS = 300
MOST_BYTES = 20 * 1024 * 1024
MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "htm": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
}
# The same machine under two names, which are two sites to a browser: no cookie of one is sent to
# the other.
_TWINS = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}


@dataclass(frozen=True, slots=True)
class Viewed:
    """What an address shows, to whose pages."""

    workspace_id: int
    sha256: str
    media_type: str
    embedded_by: str
    """Origin of the pages that may embed it."""
    expires_at: int


def media_type_of(path: str) -> str | None:
    """Give the type under which a path is shown in the sandbox, if it is."""
    return MEDIA_TYPES.get(path.rpartition(".")[2].lower())


def sealed(key: bytes, viewed: Viewed) -> str:
    """Write what an address shows into the address."""
    facts = [viewed.workspace_id, viewed.sha256, viewed.media_type, viewed.embedded_by]
    payload = json.dumps([*facts, viewed.expires_at], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(key, payload) + payload).decode().rstrip("=")


def opened(key: bytes, token: str) -> Viewed:
    """Read an address.

    Raises:
        ViewExpired: it is not one of ours, or its time is over.
    """
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (ValueError, binascii.Error):
        raw = b""
    mac, payload = raw[:32], raw[32:]
    if not hmac.compare_digest(mac, _mac(key, payload)):
        raise ViewExpired("This address is not one of ours.")
    viewed = Viewed(*json.loads(payload))
    if viewed.expires_at < time.time():
        raise ViewExpired("This address was for a few minutes only. Open the file again.")
    return viewed


def expiry() -> int:
    """Give the end of an address made now."""
    return int(time.time()) + LIFETIME_SECONDS


def origin_for(page_origin: str, content_url: str) -> str:
    """Give the origin that shows content to pages of an origin.

    The configured one; else, on this machine, its other name; else the same one, where only the
    sandbox of the answer keeps them apart.
    """
    if content_url:
        return content_url.rstrip("/")
    parts = urlsplit(page_origin)
    twin = _TWINS.get(parts.hostname or "")
    if twin is None or parts.scheme != "http":
        return page_origin
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{twin}{port}"


def headers(viewed: Viewed) -> dict[str, str]:
    """Give what keeps the content in: an opaque origin, no network, no embedding elsewhere."""
    policy = (
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "font-src data:",
        "media-src data: blob:",
        "worker-src blob:",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {viewed.embedded_by}",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Content-Disposition": "inline",
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), clipboard-read=()",
    }


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.new(key, b"view\0" + payload, hashlib.sha256).digest()
