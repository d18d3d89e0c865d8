"""Environments as people set them up: names, variables, secrets, limits, policy."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey

from . import environments
from .environment_schemas import (
    EnvironmentCreate,
    EnvironmentOut,
    EnvironmentPatch,
    Policy,
    Price,
    Quota,
    SecretOut,
    Used,
)
from .errors import (
    DriverUnavailable,
    EnvironmentInUse,
    EnvironmentTaken,
    EnvironmentUnknown,
    QuotaReached,
    SecretMissing,
    VariableRefused,
)
from .models import Deployment, Environment, EnvironmentSecret, Revision
from .ports import Machine
from .states import ENDED

SEALED_FOR = "environment secrets"
MAX_VARIABLES = 100
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_OURS = ("LD_", "PYTHON", "MODELYARD_", "OMP_", "MKL_", "OPENBLAS_")
_RESERVED = frozenset({"PATH", "HOME", "TMPDIR", "LANG", "IFS", "SHELL"})


def shown(db: Session, row: Environment) -> EnvironmentOut:
    """Give an environment with what it uses; secrets by name only."""
    secrets = db.scalars(
        select(EnvironmentSecret)
        .where(EnvironmentSecret.environment == row.slug)
        .order_by(EnvironmentSecret.name)
    )
    return EnvironmentOut(
        slug=row.slug,
        name=row.name,
        rank=row.rank,
        variables=row.variables or {},
        secrets=[SecretOut.model_validate(secret) for secret in secrets],
        quota=Quota.model_validate(row.quota or {}),
        price=price_of(row),
        used=used(db, row.slug),
        policy=policy_of(row),
    )


def policy_of(row: Environment) -> Policy:
    """Give an environment's policy; production asks for reasons unless told otherwise."""
    if row.policy is None:
        return Policy(needs_reason=row.slug == environments.PRODUCTION)
    return Policy.model_validate(row.policy)


def price_of(row: Environment) -> Price | None:
    """Give what running costs in an environment, if somebody has said so."""
    return Price.model_validate(row.price) if row.price is not None else None


def prices(db: Session) -> dict[str, Price]:
    """Give the prices of the workspace's environments that have one, by slug."""
    rows = db.execute(select(Environment.slug, Environment.price))
    return {slug: Price.model_validate(price) for slug, price in rows if price is not None}


def driver_of(row: Environment, machine: Machine) -> str:
    """Give where an environment's next model servers run.

    Raises:
        DriverUnavailable: it chose a driver that this installation does not have.
    """
    driver = policy_of(row).driver or machine.drivers[0]
    _require(driver, machine)
    return driver


def _require(driver: str, machine: Machine) -> None:
    if driver not in machine.drivers:
        raise DriverUnavailable(
            f"This installation has no {driver} driver. An administrator names the engine in "
            "MODELYARD_DOCKER_SOCKET, the cluster in MODELYARD_KUBERNETES."
        )


def create(db: Session, actor: trail.Who, wanted: EnvironmentCreate) -> Environment:
    """Add an environment after the others.

    Raises:
        EnvironmentTaken: there is one with this slug.
    """
    environments.ensure(db)
    slug = environments.slug_of(wanted.slug or wanted.name)
    if db.scalar(select(Environment.id).where(Environment.slug == slug)) is not None:
        raise EnvironmentTaken(f"There is an environment {slug!r} already.")
    rank = (db.scalar(select(func.max(Environment.rank))) or 0) + 1
    row = Environment(id=uuid.uuid4(), slug=slug, name=wanted.name.strip(), rank=rank)
    db.add(row)
    db.flush()
    _record(db, actor, "deployments.create_environment", row, after={"name": row.name})
    return row


def change(
    db: Session, actor: trail.Who, slug: str, wanted: EnvironmentPatch, machine: Machine
) -> Environment:
    """Change name, variables, limits or policy; running servers keep what they started with.

    Raises:
        EnvironmentUnknown: there is none.
        DriverUnavailable: its model servers are to run where they cannot.
        VariableRefused: a variable's name is not one that may be set.
    """
    row = own(db, slug)
    changes = wanted.model_dump(exclude_unset=True, mode="json")
    if wanted.name is None:
        changes.pop("name", None)
    for name in changes.get("variables") or {}:
        _checked_name(name)
    if wanted.policy is not None and wanted.policy.driver is not None:
        _require(wanted.policy.driver, machine)
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    _record(db, actor, "deployments.change_environment", row, before=before, after=changes)
    return row


def remove(db: Session, actor: trail.Who, slug: str) -> None:
    """Remove an environment that nothing is deployed to.

    Raises:
        EnvironmentUnknown: there is none.
        EnvironmentInUse: it has deployments, or is one of the last three.
    """
    row = own(db, slug)
    if db.scalar(select(Deployment.id).where(Deployment.environment == slug).limit(1)):
        raise EnvironmentInUse(f"{row.name} has deployments; delete them first.")
    if (db.scalar(select(func.count()).select_from(Environment)) or 0) <= len(
        environments.STANDARD
    ):
        raise EnvironmentInUse("A workspace keeps three environments; rename one instead.")
    for secret in db.scalars(
        select(EnvironmentSecret).where(EnvironmentSecret.environment == slug)
    ):
        db.delete(secret)
    _record(db, actor, "deployments.delete_environment", row, before={"name": row.name})
    db.delete(row)


def set_secret(
    db: Session, actor: trail.Who, root: RootKey, slug: str, name: str, value: str
) -> None:
    """Seal a secret; its value can be replaced and never read again.

    Raises:
        EnvironmentUnknown: there is none.
        VariableRefused: its name is not one that may be set.
    """
    row = own(db, slug)
    _checked_name(name)
    secret = _secret(db, slug, name)
    if secret is None:
        secret = EnvironmentSecret(id=uuid.uuid4(), environment=slug, name=name)
        db.add(secret)
    secret.sealed = root.seal(SEALED_FOR, value)
    secret.updated_at, secret.updated_by_name = utcnow(), actor.name
    _record(db, actor, "deployments.set_secret", row, after={"variable": name})


def remove_secret(db: Session, actor: trail.Who, slug: str, name: str) -> None:
    """Forget a secret.

    Raises:
        EnvironmentUnknown, SecretMissing: there is nothing like that.
    """
    row = own(db, slug)
    secret = _secret(db, slug, name)
    if secret is None:
        raise SecretMissing(f"{row.name} has no secret {name}.")
    db.delete(secret)
    _record(db, actor, "deployments.delete_secret", row, before={"variable": name})


def variables_of(db: Session, root: RootKey, slug: str) -> dict[str, str]:
    """Give what a model server of an environment finds in its environment variables."""
    row = db.scalar(select(Environment).where(Environment.slug == slug))
    found = dict(row.variables or {}) if row is not None else {}
    secrets = db.scalars(select(EnvironmentSecret).where(EnvironmentSecret.environment == slug))
    return found | {secret.name: root.open(SEALED_FOR, secret.sealed) for secret in secrets}


def mark_of(root: RootKey, variables: Mapping[str, str]) -> str | None:
    """Give a keyed digest by which the same variables are known again; `None` of none."""
    if not variables:
        return None
    content = json.dumps(dict(variables), sort_keys=True).encode()
    return hmac.new(root.derive("proof variables"), content, hashlib.sha256).hexdigest()


def used(db: Session, slug: str, *, without: uuid.UUID | None = None) -> Used:
    """Count what the deployments of an environment may take, by their newest revision."""
    query = (
        select(Deployment, Revision.cpu, Revision.memory_gb)
        .join(
            Deployment,
            (Deployment.workspace_id == Revision.workspace_id)
            & (Deployment.id == Revision.deployment_id)
            & (Deployment.last_number == Revision.number),
        )
        .where(Deployment.environment == slug, Deployment.status.not_in(list(ENDED)))
    )
    if without is not None:
        query = query.where(Deployment.id != without)
    rows = list(db.execute(query))
    return Used(
        deployments=len(rows),
        cpu=sum(row.cpu * row.Deployment.most_processes for row in rows),
        memory_gb=sum(row.memory_gb * row.Deployment.most_processes for row in rows),
    )


def refuse_beyond_quota(
    db: Session,
    row: Environment,
    cpu: float,
    memory_gb: float,
    *,
    processes: int = 1,
    of: uuid.UUID | None = None,
) -> None:
    """Let a deployment on whose processes, each of that size, stay within the limits.

    Raises:
        QuotaReached: it does not; says what is used and allowed.
    """
    quota, now = Quota.model_validate(row.quota or {}), used(db, row.slug, without=of)
    wanted = (
        ("deployments", now.deployments + 1, quota.deployments),
        ("cores", now.cpu + cpu * processes, quota.cpu),
        ("GB of memory", now.memory_gb + memory_gb * processes, quota.memory_gb),
    )
    for what, total, allowed in wanted:
        if allowed is not None and total > allowed:
            raise QuotaReached(
                f"{row.name} allows {allowed:g} {what}; with this there would be {total:g}. Stop a "
                "deployment there or raise the limit.",
                extra={"limit": what, "allowed": allowed, "wanted": total},
            )


def _checked_name(name: str) -> None:
    refused = name in _RESERVED or name.startswith(_OURS)
    if refused or not _NAME.fullmatch(name):
        raise VariableRefused(
            f"{name!r} cannot be set: use A-Z, 0-9 and _, not a name the runtime needs itself.",
            fields=[{"location": f"variables.{name}", "problem": "is not a name that may be set"}],
        )


def own(db: Session, slug: str) -> Environment:
    environments.ensure(db)
    row = db.scalar(select(Environment).where(Environment.slug == slug))
    if row is None:
        raise EnvironmentUnknown(f"There is no environment {slug!r}.")
    return row


def _secret(db: Session, slug: str, name: str) -> EnvironmentSecret | None:
    return db.scalar(
        select(EnvironmentSecret).where(
            EnvironmentSecret.environment == slug, EnvironmentSecret.name == name
        )
    )


def _record(
    db: Session,
    actor: trail.Who,
    action: str,
    row: Environment,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    trail.record(
        db,
        actor,
        action,
        object_type="environment",
        object_id=row.slug,
        object_name=row.name,
        before=before,
        after=after,
    )
