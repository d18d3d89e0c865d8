"""Endpoint keys that send outcomes to the control plane."""

from __future__ import annotations

import hmac
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol.routing import Scope
from modelyard_server.kernel import crypto
from modelyard_server.kernel.clock import utcnow

from .errors import KeyRefused, ScopeMissing
from .models import EndpointKey
from .service import PREFIX

_START = f"{PREFIX}_"


def is_key(given: str) -> bool:
    """Tell an endpoint key from an API token."""
    return given.startswith(_START)


def key_of(db: Session, deployment_id: uuid.UUID, given: str) -> EndpointKey:
    """Give a deployment's key by its whole text, and remember that it was used.

    Raises:
        KeyRefused: it is wrong, expired, of another deployment or of another workspace.
    """
    public_id, _, secret = given.removeprefix(_START).partition("_")
    key = db.scalar(
        select(EndpointKey).where(
            EndpointKey.deployment_id == deployment_id, EndpointKey.public_id == public_id
        )
    )
    digest = crypto.sha256_hex(secret)
    matches = hmac.compare_digest(digest, key.secret_sha256 if key else digest[::-1])
    now = utcnow()
    if key is None or not matches or (key.expires_at is not None and key.expires_at <= now):
        raise unknown_key()
    key.last_used_at = now
    return key


def may_send(key: EndpointKey) -> bool:
    """Tell whether a key may send outcomes."""
    return Scope.feedback.value in key.scopes


def unknown_key() -> KeyRefused:
    """Give the refusal of a key, whatever is wrong with it."""
    return KeyRefused(
        "This is no valid key of this deployment. Name the workspace of the key as well: "
        "/w/<workspace>/api/v1/deployments/…/outcomes."
    )


def scope_missing(key: EndpointKey) -> ScopeMissing:
    """Give the refusal of a key that is for predictions only."""
    return ScopeMissing(f"The key {key.name} may not send outcomes; make one that may.")
