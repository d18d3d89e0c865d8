"""Endpoint keys, and publishing what the node must serve."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_protocol.routing import ObservedState
from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import Publisher
from modelyard_server.kernel import crypto, trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.services import Services

from . import oauth_clients
from .errors import ExpiryPassed, KeyMissing, KeyReplaced, TokensNotCounted, TooManyKeys
from .models import EndpointKey
from .schemas import KeyCreate, KeyOut
from .tokens import add as count_tokens
from .tokens import ever as tokens_ever
from .tokens import prune as prune_tokens

__all__ = [
    "count_tokens",
    "counted",
    "create_key",
    "list_keys",
    "names_of_keys",
    "note_use",
    "prune_tokens",
    "publish",
    "revoke_key",
    "rotate_key",
    "tokens_ever",
]
MAX_KEYS = 100
PREFIX = "myk"


def list_keys(db: Session, actor: trail.Who, deployment_id: uuid.UUID) -> list[EndpointKey]:
    """Give a deployment's keys, newest first.

    Raises:
        DeploymentMissing: there is no such deployment.
    """
    deployments.get(db, actor, deployment_id)
    query = select(EndpointKey).where(EndpointKey.deployment_id == deployment_id)
    return list(db.scalars(query.order_by(EndpointKey.created_at.desc(), EndpointKey.id)))


def counted(keys: list[KeyOut], observed: ObservedState | None) -> list[KeyOut]:
    """Say of keys with limits what they have used this month, as the node counts it."""
    calls: Mapping[str, int] = {}
    tokens: Mapping[str, int] = {}
    if observed is not None and observed.month == f"{utcnow():%Y-%m}":
        calls, tokens = observed.month_calls, observed.month_tokens
    for key in keys:
        limits = (key.requests_per_minute, key.requests_per_month, key.tokens_per_month)
        if any(limit is not None for limit in limits):
            key.calls_this_month = calls.get(str(key.id), 0)
        if key.tokens_per_month is not None:
            key.tokens_this_month = tokens.get(str(key.id), 0)
    return keys


def create_key(
    db: Session, actor: trail.Who, deployment_id: uuid.UUID, wanted: KeyCreate
) -> tuple[EndpointKey, str]:
    """Make a key; give it with the whole text, which is not kept anywhere.

    Raises:
        DeploymentMissing: there is no such deployment.
        ExpiryPassed: it would be expired at once.
        TokensNotCounted: only language models use tokens.
        TooManyKeys: the deployment has as many as it may.
    """
    deployment = deployments.get(db, actor, deployment_id, lock=True)
    if wanted.tokens_per_month is not None and not deployments.speaks(db, deployment_id):
        detail = f"{deployment.name} serves no language model, so it has no tokens to count."
        problem = "Limit its requests instead."
        fields = [{"location": "body.tokens_per_month", "problem": problem}]
        raise TokensNotCounted(f"{detail} {problem}", fields=fields)
    return _made(db, actor, deployment, wanted)


def _made(
    db: Session, actor: trail.Who, deployment: deployments.Deployment, wanted: KeyCreate
) -> tuple[EndpointKey, str]:
    now = utcnow()
    expires = wanted.expires_at
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=dt.UTC)
    if expires is not None and expires <= now:
        raise ExpiryPassed("expires_at is in the past.")
    count = db.scalar(
        select(func.count())
        .select_from(EndpointKey)
        .where(EndpointKey.deployment_id == deployment.id)
    )
    if (count or 0) >= MAX_KEYS:
        raise TooManyKeys(f"{deployment.name} has {MAX_KEYS} keys; revoke one first.")
    public_id, secret = crypto.random_text(10), crypto.random_text(32)
    key = EndpointKey(
        id=uuid.uuid4(),
        deployment_id=deployment.id,
        name=wanted.name.strip() or "key",
        public_id=public_id,
        secret_sha256=crypto.sha256_hex(secret),
        scopes=sorted(set(wanted.scopes)),
        requests_per_minute=wanted.requests_per_minute,
        requests_per_month=wanted.requests_per_month,
        tokens_per_month=wanted.tokens_per_month,
        created_at=now,
        created_by=actor.id,
        created_by_name=actor.name,
        expires_at=expires,
    )
    db.add(key)
    db.flush()
    facts = {
        "deployment": f"{deployment.environment}/{deployment.name}",
        "public_id": public_id,
        "scopes": key.scopes,
        "expires_at": expires,
        "requests_per_minute": key.requests_per_minute,
        "requests_per_month": key.requests_per_month,
        "tokens_per_month": key.tokens_per_month,
    }
    _record(db, actor, "traffic.create_key", key, after=facts)
    return key, f"{PREFIX}_{public_id}_{secret}"


def rotate_key(
    db: Session,
    actor: trail.Who,
    deployment_id: uuid.UUID,
    key_id: uuid.UUID,
    overlap: dt.timedelta,
) -> tuple[EndpointKey, str]:
    """Make a key like an old one, which goes on working for a while; both are valid until then.

    Raises:
        DeploymentMissing, KeyMissing: there is no such key.
        KeyReplaced: it was rotated already, and has no lifetime to hand on.
        TooManyKeys: the deployment has as many as it may.
    """
    deployment = deployments.get(db, actor, deployment_id, lock=True)
    old = _own(db, deployment_id, key_id)
    if old.replaced_by is not None:
        detail = f"{old.name} was replaced by {PREFIX}_{old.replaced_by}_… already: rotate that one"
        raise KeyReplaced(f"{detail}, or create a key if it was revoked.")
    lifetime = old.expires_at - old.created_at if old.expires_at is not None else None
    wanted = KeyCreate.model_validate(
        {
            "name": old.name,
            "scopes": old.scopes,
            "requests_per_minute": old.requests_per_minute,
            "requests_per_month": old.requests_per_month,
            "tokens_per_month": old.tokens_per_month,
            "expires_at": utcnow() + lifetime if lifetime is not None else None,
        }
    )
    made, whole = _made(db, actor, deployment, wanted)
    until = utcnow() + overlap
    before = {"expires_at": old.expires_at, "public_id": old.public_id}
    old.replaced_by = made.public_id
    if old.expires_at is None or old.expires_at > until:
        old.expires_at = until
    after = {"expires_at": old.expires_at, "replaced_by": old.replaced_by}
    _record(db, actor, "traffic.rotate_key", old, before=before, after=after)
    return made, whole


def revoke_key(db: Session, actor: trail.Who, deployment_id: uuid.UUID, key_id: uuid.UUID) -> None:
    """Take a key back; the gateway refuses it within a second.

    Raises:
        DeploymentMissing, KeyMissing: there is no such key.
    """
    deployments.get(db, actor, deployment_id)
    key = _own(db, deployment_id, key_id)
    _record(db, actor, "traffic.revoke_key", key, before={"public_id": key.public_id})
    db.delete(key)


def _own(db: Session, deployment_id: uuid.UUID, key_id: uuid.UUID) -> EndpointKey:
    key = db.scalar(
        select(EndpointKey).where(
            EndpointKey.deployment_id == deployment_id, EndpointKey.id == key_id
        )
    )
    if key is None:
        raise KeyMissing("This deployment has no such key.")
    return key


def names_of_keys(db: Session, deployment_id: uuid.UUID) -> dict[str, str]:
    """Give the names of a deployment's keys and of clients by the id that records carry."""
    rows = db.execute(
        select(EndpointKey.id, EndpointKey.name).where(EndpointKey.deployment_id == deployment_id)
    )
    return {str(row.id): row.name for row in rows} | oauth_clients.names(db)


def note_use(db: Session, used: Mapping[str, dt.datetime]) -> None:
    """Remember when keys and clients were last used; `used` maps ids in records to times."""
    ids = [uuid.UUID(key) for key in used if _is_uuid(key)]
    if not ids:
        return
    for key in db.scalars(select(EndpointKey).where(EndpointKey.id.in_(ids))):
        at = used[str(key.id)]
        if key.last_used_at is None or key.last_used_at < at:
            key.last_used_at = at
    oauth_clients.note_use(db, {row_id: used[str(row_id)] for row_id in ids})


def publish(services: Services) -> int:
    """Write the desired state from committed facts; give its generation."""
    return services.get(Publisher).now()  # type: ignore[type-abstract]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    key: EndpointKey,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="endpoint_key",
        object_id=key.id,
        object_name=key.name,
        before=before,
        after=after,
    )
