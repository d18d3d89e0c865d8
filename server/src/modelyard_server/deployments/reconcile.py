"""Keeps what the database says about live deployments in line with what the node sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard_protocol.routing import LaneState, ObservedServer, Override
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database
from modelyard_server.kernel.services import Services
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.access import System

from . import going_back, lanes, sleeping, watch
from .errors import DeploymentMissing, RevisionMissing
from .lookup import revisions, standing
from .models import Deployment, Revision
from .ports import ComputeDriver, Publisher
from .reported import SERVED
from .states import Health, Status, health

log = structlog.get_logger("modelyard.deployments")
TICK_SECONDS = 0.5
FULL_SECONDS = 5.0


class Reconciler:
    """Looks at the node whenever it changed, and at everything every few seconds."""

    def __init__(self, services: Services) -> None:
        self._database = services.get(Database)
        self._compute: ComputeDriver = services.get(ComputeDriver)  # type: ignore[type-abstract]
        self._publisher: Publisher = services.get(Publisher)  # type: ignore[type-abstract]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)
        self._seen: object = None
        self._full_at = 0.0
        self._watch_at = 0.0

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except Exception:
                log.exception("reconcile_failed")

    def tick(self) -> None:
        """Look once, if there is a reason to."""
        if time.monotonic() >= self._watch_at:
            self._watch_at = time.monotonic() + watch.EVERY_SECONDS
            self.watch()
        observed = self._compute.observed()
        up = self._compute.is_up()
        if observed is not None and observed.overrides:
            self.adopt(observed.overrides)
        servers = {server.id: server for server in observed.servers} if observed else {}
        seen = (up, {key: _told(server) for key, server in servers.items()})
        due = time.monotonic() >= self._full_at
        if seen == self._seen and not due:
            return
        if due:
            self._publisher.now()  # heals a publication that a crash swallowed
            self._full_at = time.monotonic() + FULL_SECONDS
        self._seen = seen
        self.reconcile(servers, node_is_up=up)

    def adopt(self, decided: Sequence[Override]) -> None:
        """Take over rollbacks that were decided on the node while nobody else could."""
        for one in decided:
            if not one.is_serving:
                continue
            try:
                with self._database.session(one.workspace_id) as db:
                    going_back.adopt(db, one.workspace_id, one)
            except (DeploymentMissing, RevisionMissing):
                log.warning("override_unknown", deployment_id=one.deployment_id)
        self._publisher.now()

    def watch(self) -> None:
        """Ask for a look at every revision that has not proved itself yet."""
        for workspace_id in workspaces.every_id(self._database):
            watch.ask(self._database, workspace_id)

    def reconcile(self, servers: dict[str, ObservedServer], *, node_is_up: bool) -> None:
        """Bring every workspace's rows in line."""
        for workspace_id in workspaces.every_id(self._database):
            with self._database.session(workspace_id, write=False) as db:
                stale = _changes(db, servers, node_is_up=node_is_up)
            if stale:
                with self._database.session(workspace_id) as db:
                    for change in _changes(db, servers, node_is_up=node_is_up):
                        change()


def _told(server: ObservedServer) -> tuple[object, ...]:
    return (server.state, server.restarts, server.lane, server.original, server.waits_for)


def _changes(
    db: Session, servers: dict[str, ObservedServer], *, node_is_up: bool
) -> list[Callable[[], None]]:
    """List what to change in one workspace, without changing it."""
    found: list[Callable[[], None]] = []
    live = db.execute(
        select(Deployment, Revision)
        .join(
            Revision,
            (Revision.workspace_id == Deployment.workspace_id)
            & (Revision.deployment_id == Deployment.id)
            & (Revision.number == Deployment.live_number),
        )
        .where(Deployment.kind == SERVED)
        .order_by(Deployment.id)
    ).all()
    for deployment, revision in live:
        judged = health(servers.get(revision.server_key), node_is_up=node_is_up)
        if (revision.status, revision.status_reason) != (judged.status, judged.reason):
            found.append(_judge(db, deployment, revision, judged))
    found.extend(sleeping.to_keep(db, servers))
    switched = {
        server_id: server.lane_note or "The node gave no reason."
        for server_id, server in servers.items()
        if server.lane is LaneState.switched_back
    }
    if switched:
        running = db.scalars(
            select(Revision).where(Revision.has_server, Revision.lane.is_not(None))
        )
        found.extend(
            _switched_back(db, row, switched[row.server_key])
            for row in running
            if row.server_key in switched and lanes.graph_of(row.lane) is not None
        )
    stopping = db.scalars(select(Revision).where(Revision.status == Status.stopping))
    found.extend(
        _stopped(db, row)
        for row in stopping
        if not row.has_server and (row.server_key not in servers or not node_is_up)
    )
    return found


def _judge(
    db: Session, deployment: Deployment, revision: Revision, judged: Health
) -> Callable[[], None]:
    def change() -> None:
        before = revision.status
        revision.status = judged.status
        revision.status_reason = judged.reason
        revision.log_tail = list(judged.log_tail)
        standing(deployment, revisions(db, deployment.id))
        if before != judged.status:
            trail.record(
                db,
                System(deployment.workspace_id),
                "deployments.status_changed",
                object_type="deployment",
                object_id=deployment.id,
                object_name=f"{deployment.environment}/{deployment.name}",
                before={"status": before},
                after={"status": judged.status, "reason": judged.reason},
            )

    return change


def _switched_back(db: Session, revision: Revision, reason: str) -> Callable[[], None]:
    """Keep that a graph answered otherwise than the original, which answers from now on."""

    def change() -> None:
        deployment = db.scalar(select(Deployment).where(Deployment.id == revision.deployment_id))
        if deployment is None:
            return
        revision.lane = lanes.switched_back(revision.lane or {}, reason)
        trail.record(
            db,
            System(deployment.workspace_id),
            "deployments.lane_switched_back",
            object_type="deployment",
            object_id=deployment.id,
            object_name=f"{deployment.environment}/{deployment.name}",
            after={"revision": revision.number, "reason": reason},
        )

    return change


def _stopped(db: Session, revision: Revision) -> Callable[[], None]:
    def change() -> None:
        revision.status = Status.stopped
        own = revisions(db, revision.deployment_id)
        deployment = db.scalar(select(Deployment).where(Deployment.id == revision.deployment_id))
        if deployment is None or deployment.status != Status.stopping:
            return
        if all(row.status != Status.stopping for row in own):
            deployment.status = Status.stopped
            deployment.updated_at = utcnow()

    return change
