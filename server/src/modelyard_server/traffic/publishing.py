"""Writes what the node must serve, from committed facts, in the order they were committed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import structlog
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from modelyard_protocol import language
from modelyard_protocol.package import Signature
from modelyard_protocol.routing import (
    DesiredState,
    DriverName,
    Good,
    Key,
    Language,
    Limits,
    OAuthClient,
    Reserve,
    Route,
    Scope,
    ServerSpec,
    Shadow,
    Target,
)
from modelyard_server.deployments import service as deployments
from modelyard_server.deployments.ports import ComputeDriver
from modelyard_server.deployments.service import Deployment, Revision, Served
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.settings import Settings
from modelyard_server.workspaces import service as workspaces

from . import console, oauth_clients
from .models import EndpointKey
from .oauth_tokens import Issuer
from .ports import TextRules

log = structlog.get_logger("modelyard.traffic")
_SOON = "traffic_publish_soon"
_LOOK_SECONDS = 0.02
_LANGUAGE: dict[str, Any] = {
    "language": Language(),
    "max_body_bytes": 1024 * 1024,
    "timeout_seconds": 110.0,  # of silence: a long prompt is read for a while before the first word
}


@dataclass(frozen=True, slots=True)
class _Part:
    """What the node must serve of one workspace."""

    servers: tuple[ServerSpec, ...] = ()
    routes: tuple[Route, ...] = ()
    good: Mapping[str, tuple[Good, ...]] = field(default_factory=dict)
    clients: tuple[OAuthClient, ...] = ()


class DesiredStatePublisher:
    """`deployments.ports.Publisher` for the node of this machine.

    Keeps what it last composed of each workspace: a change reads its own workspace again and no
    other, so its cost does not grow with the installation. Everything is read again when another
    process published since, and when nobody says what changed, as the reconciler does every few
    seconds.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._parts: dict[int, _Part] = {}
        self._composed_for: ComputeDriver | None = None

    def now(self, workspace_id: int | None = None) -> int:
        """Publish committed facts; give the generation that has them. Not inside a session."""
        compute: ComputeDriver = self._services.get(ComputeDriver)  # type: ignore[type-abstract]
        with self._lock, compute.alone() as asked_last:
            wanted, reserve = self._compose(compute, workspace_id if asked_last else None)
            compute.keep_reserve(reserve)
            before = compute.desired()
            same = wanted.model_copy(update={"generation": before.generation})
            if same == before and before.generation:
                return before.generation
            made = wanted.model_copy(update={"generation": before.generation + 1})
            compute.apply(made)
            return made.generation

    def settle(
        self,
        seconds: float,
        check: Callable[[], None] | None = None,
        workspace_id: int | None = None,
    ) -> bool:
        """Publish, and wait until the node serves by it; not longer than told, not when it is down.

        `check` is called between looks and may raise to stop waiting.
        """
        compute: ComputeDriver = self._services.get(ComputeDriver)  # type: ignore[type-abstract]
        generation = self.now(workspace_id)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and compute.is_up():
            if check is not None:
                check()
            observed = compute.observed()
            if observed is not None and observed.generation >= generation:
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def soon(self, db: Session) -> None:
        """Publish after the caller's transaction has committed."""
        if db.info.setdefault(_SOON, False):
            return
        db.info[_SOON] = True
        event.listen(db, "after_commit", self._committed)

    def _committed(self, db: Session) -> None:
        if db.in_nested_transaction() or not db.info.get(_SOON):
            return
        db.info[_SOON] = False
        try:
            self.now(tenancy.workspace_of(db))
        except Exception:  # committed already: the reconciler publishes again in a moment
            log.exception("publish_failed")

    def _compose(
        self, compute: ComputeDriver, workspace_id: int | None
    ) -> tuple[DesiredState, Reserve]:
        if self._composed_for is not compute:
            workspace_id = None
        with self._services.get(Database).platform_session(write=False) as db:
            there = workspaces.every_workspace(db, only=workspace_id)
        fresh = {number: self._part(compute, number, slug) for number, slug in there}
        if workspace_id is None:
            self._parts, self._composed_for = fresh, compute
        else:
            self._parts.pop(workspace_id, None)
            self._parts |= fresh
        parts = [self._parts[number] for number in sorted(self._parts)]
        state = DesiredState(
            generation=0,
            servers=tuple(server for part in parts for server in part.servers),
            routes=tuple(made for part in parts for made in part.routes),
        )
        if clients := [client for part in parts for client in part.clients]:
            issuer = Issuer(self._services.get(RootKey), self._services.get(Settings))
            state = state.model_copy(update={"oauth": issuer.trust(clients)})
        good = {key: found for part in parts for key, found in part.good.items() if found}
        return state, Reserve(routes=good)

    def _part(self, compute: ComputeDriver, workspace_id: int, slug: str) -> _Part:
        root = self._services.get(RootKey)
        texts: TextRules = self._services.get(TextRules)  # type: ignore[type-abstract]
        servers: list[ServerSpec] = []
        routes: list[Route] = []
        good: dict[str, tuple[Good, ...]] = {}
        with self._services.get(Database).session(workspace_id, write=False) as db:
            everything = deployments.served(db)
            keys = keys_of(db) if everything else {}
            rules = texts.every(db) if everything else {}
            clients = oauth_clients.published(db, slug) if everything else ()
            for served in everything:
                own = served.deployment.id
                place = served.deployment.environment
                variables = partial(deployments.variables_of, db, root, place)
                for row in served.running:
                    spec = server_spec(slug, served, row)
                    kept = compute.keep_environment(spec.id, variables)
                    servers.append(spec.model_copy(update={"environment_file": kept}))
                good[str(own)] = tuple(
                    good_of(row, server_spec(slug, served, row), compute, variables)
                    for row in served.good
                )
                shown = served.target or served.closed
                if shown is None:
                    continue
                known = [console.key(root, own), *keys.get(own, ())]
                made = route(slug, served.deployment, shown, known, served.candidate)
                if made.language is not None:
                    made = made.model_copy(update={"language": rules.get(own, made.language)})
                if served.target is None:
                    made = made.model_copy(update={"targets": ()})
                routes.append(made)
        return _Part(tuple(servers), tuple(routes), good, clients)


def good_of(
    row: Revision,
    spec: ServerSpec,
    compute: ComputeDriver,
    variables: Callable[[], dict[str, str]],
) -> Good:
    """Describe a revision that the node may return to by itself."""
    kept = compute.keep_environment(spec.id, variables)
    return Good(
        server=spec.model_copy(update={"environment_file": kept}),
        revision=row.number,
        version=row.version,
        model=row.model_name,
        signature=spec.signature,
        example=row.example,
    )


def server_spec(workspace: str, served: Served, row: Revision) -> ServerSpec:
    """Describe the model server of one revision."""
    deployment, target = served.deployment, served.target
    is_only = len(served.running) == 1 and target is not None and target.number == row.number
    return ServerSpec(
        id=row.server_key,
        label=f"{workspace}/{deployment.environment}/{deployment.name}@{row.number}",
        engine=row.engine,
        model_dir=row.model_dir or "",
        python=row.python or "",
        environment_dir=row.environment_dir or "",
        driver=cast("DriverName", row.driver),
        image=row.image or "",
        scaling=deployments.scaling_of(deployment, is_only=is_only),
        limits=Limits(memory_mb=int(row.memory_gb * 1024), cpus=row.cpu),
        signature=Signature.model_validate(row.signature),
        compiled=deployments.graph_of(row.lane),
    )


def route(
    workspace: str,
    deployment: Deployment,
    target: Revision,
    keys: Sequence[Key],
    candidate: Revision | None = None,
) -> Route:
    """Describe a deployment's address: its traffic goes to one revision, or is shared by two.

    The candidate comes last: raising its weight keeps the sticky callers it has.
    """
    share = deployment.candidate_weight if candidate is not None else 0
    shares = [(target, 100 - share)]
    if candidate is not None and not deployment.shadow_percent:
        shares.append((candidate, share))
    return Route(
        workspace=workspace,
        environment=deployment.environment,
        deployment=deployment.name,
        workspace_id=deployment.workspace_id,
        deployment_id=str(deployment.id),
        model=target.model_name,
        targets=tuple(
            Target(
                server_id=row.server_key, revision=row.number, version=row.version, weight=weight
            )
            for row, weight in shares
        ),
        shadow=_shadow(deployment, candidate),
        keys=tuple(keys),
        signature=Signature.model_validate(target.signature),
        example=target.example,
        safeguards=deployments.safeguards_in(deployment),
        **(_LANGUAGE if target.engine == language.ENGINE else {}),
    )


def _shadow(deployment: Deployment, candidate: Revision | None) -> Shadow | None:
    if candidate is None or not deployment.shadow_percent:
        return None
    target = Target(
        server_id=candidate.server_key,
        revision=candidate.number,
        version=candidate.version,
        weight=0,
    )
    tolerance = float((candidate.strategy or {}).get("tolerance", 0.01))
    return Shadow(target=target, percent=deployment.shadow_percent, tolerance=tolerance)


def keys_of(db: Session) -> dict[uuid.UUID, list[Key]]:
    """Give the keys of each deployment of a workspace as the node checks them."""
    found: dict[uuid.UUID, list[Key]] = {}
    for row in db.scalars(select(EndpointKey).order_by(EndpointKey.public_id)):
        found.setdefault(row.deployment_id, []).append(
            Key(
                id=str(row.id),
                public_id=row.public_id,
                secret_sha256=row.secret_sha256,
                scopes=tuple(Scope(scope) for scope in row.scopes),
                expires_at=row.expires_at,
                requests_per_minute=row.requests_per_minute,
                requests_per_month=row.requests_per_month,
                tokens_per_month=row.tokens_per_month,
            )
        )
    return found
