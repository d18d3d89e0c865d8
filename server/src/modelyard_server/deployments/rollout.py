"""Rolls a revision out, step by step. Every step may run again after a crash.

Between the steps the database is asked whether the revision is still wanted: a newer one, a stop or
a deletion ends the roll-out. Until the last step nothing of the live revision is touched.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from modelyard_protocol.routing import ObservedServer, ServerState
from modelyard_server.kernel import trail
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.crypto import RootKey
from modelyard_server.kernel.errors import DomainError, OutOfSpace, Unavailable
from modelyard_server.kernel.jobs import JobContext
from modelyard_server.workspaces.access import System

from . import lanes, pace, shifting, watch
from .errors import DeploymentMissing
from .history import Change
from .lookup import get, revision_of, revisions, standing
from .models import Deployment, Revision
from .ports import Built, ComputeDriver, Drivers, Preparation, Prepared, Publisher
from .stages import mark_of, variables_of
from .states import ROLLING_OUT, Status, moved
from .strategy import steps_of

ON_IMAGES = frozenset({"docker", "kubernetes"})
READY_SECONDS = 90.0
READY_ELSEWHERE_SECONDS = 600.0  # a cluster may start a machine and fetch the image first
SWITCH_SECONDS = 10.0
CRASHES_BEFORE_GIVING_UP = 2
_POLL_SECONDS = 0.05
_SAME = "files, environment, engine and variables"
_WANTED_SECONDS = 1.0
_LOG_LINES = 60


class NotWanted(Exception):
    """The revision was superseded, stopped or deleted meanwhile."""


@dataclass
class Failed(Exception):
    """A step could not be done; the text is for people."""

    reason: str
    differences: list[dict[str, Any]]
    log_tail: list[str]
    is_ours: bool = False
    """Nothing the model's author could have done differently."""


@dataclass(frozen=True, slots=True)
class _Now:
    db: Session
    deployment: Deployment
    revision: Revision


class RollOut:
    """One revision's way into traffic."""

    def __init__(self, job: JobContext, ready_seconds: float = READY_SECONDS) -> None:
        assert job.workspace_id is not None  # noqa: S101 - enqueued with one
        self._job = job
        self._workspace_id: int = job.workspace_id
        self._deployment_id = uuid.UUID(job.payload["deployment_id"])
        self._number = int(job.payload["number"])
        self._ready_seconds = ready_seconds
        self._preparation: Preparation = job.services.get(Preparation)
        self._compute: ComputeDriver = job.services.get(ComputeDriver)
        self._drivers: Drivers = job.services.get(Drivers)
        self._publisher: Publisher = job.services.get(Publisher)
        self._root: RootKey = job.services.get(RootKey)
        self._step = "prepare"

    def run(self) -> None:
        """Do what is left. Ends quietly when the revision is not wanted any more."""
        try:
            if self._is_shifting():
                return
            if not self._is_live():
                self._bring_up()
            self._retire_others()
        except NotWanted:
            self._publisher.now(self._job.workspace_id)
        except Failed as failure:
            self._fail(failure)
        except DomainError as refusal:
            ours = isinstance(refusal, Unavailable | OutOfSpace)
            self._fail(Failed(refusal.detail, [], [], ours))
        except Exception:
            if self._job.is_last_attempt:
                said = "Something failed on our side; the server's log has the details."
                self._fail(Failed(said, [], [], is_ours=True))
            raise

    def _bring_up(self) -> None:
        if not self._take_kept():
            prepared = self._prepare()
            built = self._build(prepared)
            self._verify(prepared, built)
        server = self._start()
        self._switch(server)

    def _take_kept(self) -> bool:
        """Take files, environment and proof of an earlier revision when all are still there.

        Then neither registry nor builder is asked: a rollback works while both are down.
        """
        with self._locked() as now:
            row = now.revision
            paths = (row.model_dir, row.python, row.environment_dir)
            if row.proof is None or not all(path and Path(path).exists() for path in paths):
                return False
            if row.promoted_from is not None:
                variables = variables_of(now.db, self._root, now.deployment.environment)
                if row.proof_variables != mark_of(self._root, variables):
                    return False  # proved with the variables of where it came from
            if row.driver in ON_IMAGES and row.image is None:
                return False
            row.has_server = True
            said = "Kept on this machine since an earlier revision."
            for step in ("prepare", "build", "verify"):
                _mark(row, step, "done", said)
        self._publisher.now(self._job.workspace_id)
        return True

    def _prepare(self) -> Prepared:
        with self._doing("prepare", Status.building) as say, self._locked() as now:
            model_id, version = now.revision.model_id, now.revision.version
            now.revision.log_tail = []
            say(f"Reading {now.revision.model_name} version {version}.")
        began = time.monotonic()
        prepared = self._preparation.materialise(self._workspace_id, model_id, version)
        took = time.monotonic() - began
        self._done("prepare", f"Files checked against {prepared.digest[:12]} in {took:.1f} s.")
        return prepared

    def _build(self, prepared: Prepared) -> Built:
        with self._doing("build", Status.building) as say, self._locked() as now:
            driver, engine = now.revision.driver, now.revision.engine
            say("Looking for the model's environment.")
        lines: list[str] = []
        last = time.monotonic()

        def heard(line: str) -> None:
            nonlocal last
            lines.append(line[:500])
            if time.monotonic() - last > _WANTED_SECONDS:
                last = time.monotonic()
                self._note(lines)

        try:
            alone = driver in ON_IMAGES
            built = self._preparation.build(prepared, heard, engine=engine, is_isolated=alone)
            image = None
            if driver in ON_IMAGES:
                place, lock = built.environment_dir, built.lock_hash
                image = self._drivers.image(driver, place, lock, heard)
        except DomainError as refusal:
            ours = isinstance(refusal, Unavailable | OutOfSpace)
            raise Failed(refusal.detail, [], lines[-_LOG_LINES:], ours) from refusal
        with self._locked() as now:
            now.revision.environment_note, now.revision.image = built.note, image
        self._done("build", f"{built.note} Image {image}." if image else built.note)
        return built

    def _verify(self, prepared: Prepared, built: Built) -> None:
        """Check the stored prediction while the model server starts beside, without traffic."""
        with self._locked() as now:
            engine = now.revision.engine
        lane = self._preparation.known_lane(prepared, built, engine)
        with self._doing("verify", Status.verifying) as say, self._locked() as now:
            proof = f"{prepared.digest}/{built.lock_hash}/{engine}"
            if now.revision.proof not in (None, proof):
                raise Failed(
                    "Files or environment are not those of the revision it repeats: "
                    f"{proof} instead of {now.revision.proof}.",
                    [],
                    [],
                )
            own = revisions(now.db, self._deployment_id)
            variables = variables_of(now.db, self._root, now.deployment.environment)
            mark = mark_of(self._root, variables)
            proven = next(
                (
                    row
                    for row in own
                    if (row.proof, row.proof_variables) == (proof, mark)
                    and row.number != self._number
                ),
                None,
            )
            now.revision.has_server = True
            now.revision.lane = lane
            now.revision.model_dir = str(prepared.model_dir)
            now.revision.python = str(built.python)
            now.revision.environment_dir = str(built.environment_dir)
            say("Loading the model in the sandbox.")
        self._publisher.now(self._job.workspace_id)
        if proven is not None:
            same = f"Reproduced with revision {proven.number}: same {_SAME}."
            self._done("verify", same + lanes.sentence(lane), proof=(proof, mark))
            return
        if lane is not None and not variables:
            same = f"Reproduced before: same {_SAME}."
            self._done("verify", same + lanes.sentence(lane), proof=(proof, mark))
            return
        seen = self._preparation.verify(prepared, built, engine, variables)
        with self._locked() as now:
            now.revision.sandbox = seen.sandbox or None
            now.revision.lane = seen.lane
        if not seen.ok:
            raise Failed(seen.summary, seen.differences, seen.log_tail)
        self._done("verify", seen.summary + lanes.sentence(seen.lane), proof=(proof, mark))

    def _start(self) -> ObservedServer:
        with self._doing("start", Status.starting) as say, self._locked() as now:
            server_id, driver = now.revision.server_key, now.revision.driver
            say("Waiting for the model server's first prediction.")
        began = time.monotonic()
        generation = self._publisher.now(self._job.workspace_id)
        server = self._await_ready(server_id, generation, self._patience(driver))
        took = time.monotonic() - began
        said = f"The model server answered after another {took:.1f} s."
        if server.original is not None:
            said = "The compiled graph answers; the original engine starts beside it."
        self._done("start", said)
        return server

    def _patience(self, driver: str) -> float:
        return READY_ELSEWHERE_SECONDS if driver == "kubernetes" else self._ready_seconds

    def _await_ready(self, server_id: str, generation: int, seconds: float) -> ObservedServer:
        deadline = time.monotonic() + seconds
        asked = time.monotonic()
        server: ObservedServer | None = None
        while time.monotonic() < deadline:
            self._job.check()
            if time.monotonic() - asked > _WANTED_SECONDS:
                asked = time.monotonic()
                self._tell_progress(server)
            server = self._seen(server_id, generation)
            if server is not None and server.state == ServerState.ready:
                return server
            if server is not None and server.restarts >= CRASHES_BEFORE_GIVING_UP:
                said = server.reason or "it gave no reason"
                raise Failed(f"The model server crashed: {said}", [], self._log_of(server))
            time.sleep(_POLL_SECONDS)
        log = self._log_of(server) if server else []
        up = self._compute.is_up()
        node = "" if up else " The inference node does not run."
        raise Failed(
            f"The model server was not ready within {seconds:g} seconds.{node}",
            [],
            log,
            is_ours=not up,
        )

    def _seen(self, server_id: str, generation: int) -> ObservedServer | None:
        observed = self._compute.observed()
        if observed is None or observed.generation < generation:
            return None
        return next((server for server in observed.servers if server.id == server_id), None)

    def _log_of(self, server: ObservedServer) -> list[str]:
        return list(server.log_tail) or self._compute.log_lines(server.id, _LOG_LINES)

    def _switch(self, server: ObservedServer) -> None:
        with self._doing("traffic", Status.starting) as say:
            say("Sending traffic to the new revision.")
        now_at = utcnow()
        with self._locked() as now:
            deployment, revision = now.deployment, now.revision
            own = revisions(now.db, deployment.id)
            before = deployment.live_number
            revision.sandbox = server.sandbox or revision.sandbox
            first = steps_of(watch.plan_of(revision))[0]
            change = Change(now_at, revision.created_by_name, revision.reason)
            if first.weight == 0 and before is not None:
                shifting.mirror(deployment, own, revision, change)
                _mark(revision, "traffic", "running", watch.describe(revision))
            elif first.weight < 100 and before is not None:
                shifting.share(now.db, deployment, own, revision, first.weight, change, step=0)
                _mark(revision, "traffic", "running", watch.describe(revision))
            else:
                watch.complete(now.db, deployment, own, revision, change)
            facts = {"revision": revision.number, "version": revision.version}
            action = (
                "deployments.live"
                if deployment.live_number == revision.number
                else ("deployments.shift")
            )
            facts |= {"weight": shifting.weights(deployment).get(revision.number, 0)}
            self._record(now, action, before={"revision": before}, after=facts)
        pace.start_clock(
            self._job.database,
            self._workspace_id,
            self._deployment_id,
            self._publisher,
            self._job.check,
        )
        self._publisher.settle(SWITCH_SECONDS, self._job.check, self._job.workspace_id)

    def _retire_others(self) -> None:
        with self._job.database.session(self._workspace_id) as db:
            deployment = self._found(db)
            if deployment.live_number != self._number:
                return
            for row in revisions(db, deployment.id):
                over = row.status not in {*ROLLING_OUT, Status.standby}
                if row.has_server and row.number != self._number and over:
                    row.has_server = False
        self._publisher.now(self._job.workspace_id)

    def _fail(self, failure: Failed) -> None:
        try:
            with self._locked() as now:
                revision = now.revision
                revision.status = moved(Status(revision.status), Status.failed, is_live=False)
                revision.status_reason = failure.reason
                revision.fault = "platform" if failure.is_ours else "user"
                revision.differences = failure.differences
                revision.log_tail = failure.log_tail[-_LOG_LINES:]
                revision.has_server = False
                _mark(revision, self._step, "failed", failure.reason)
                standing(now.deployment, revisions(now.db, self._deployment_id))
                facts = {"revision": revision.number, "reason": failure.reason}
                self._record(now, "deployments.roll_out_failed", after=facts, result="failed")
        except NotWanted:
            pass
        self._publisher.now(self._job.workspace_id)

    @contextmanager
    def _doing(self, step: str, status: Status) -> Iterator[Callable[[str], None]]:
        """Mark a step as running, with the sentence said inside the block."""
        self._job.check()
        self._step = step
        said: list[str] = [""]
        yield lambda sentence: said.__setitem__(0, sentence)
        with self._locked() as now:
            now.revision.status = moved(Status(now.revision.status), status, is_live=False)
            _mark(now.revision, step, "running", said[0])
            standing(now.deployment, revisions(now.db, self._deployment_id))

    def _done(self, step: str, detail: str, *, proof: tuple[str, str | None] | None = None) -> None:
        with self._locked() as now:
            _mark(now.revision, step, "done", detail)
            if proof is not None:
                now.revision.proof, now.revision.proof_variables = proof

    def _note(self, lines: list[str]) -> None:
        with self._locked() as now:
            now.revision.log_tail = lines[-_LOG_LINES:]
            _mark(now.revision, "build", "running", lines[-1] if lines else "")

    @contextmanager
    def _locked(self) -> Iterator[_Now]:
        """Open a transaction on the revision, held against other changes.

        Raises:
            NotWanted: its roll-out has ended meanwhile.
        """
        with self._job.database.session(self._workspace_id) as db:
            deployment = self._found(db, lock=True)
            revision = revision_of(db, deployment, self._number)
            if revision.status not in ROLLING_OUT:
                raise NotWanted
            yield _Now(db, deployment, revision)

    def _found(self, db: Session, *, lock: bool = False) -> Deployment:
        try:
            return get(db, System(self._workspace_id), self._deployment_id, lock=lock)
        except DeploymentMissing:
            raise NotWanted from None

    def _tell_progress(self, server: ObservedServer | None) -> None:
        """Show what the model server waits for, if that is known and new."""
        doing = server.waits_for if server is not None else None
        said = f"Waiting for the model server: {doing}." if doing else ""
        with self._job.database.session(self._workspace_id, write=False) as db:
            row = revision_of(db, self._found(db), self._number)
            if row.status not in ROLLING_OUT:
                raise NotWanted
            shown = next((one["detail"] for one in row.steps if one["name"] == "start"), "")
        if said and said != shown:
            with self._locked() as now:
                _mark(now.revision, "start", "running", said)

    def _is_shifting(self) -> bool:
        with self._job.database.session(self._workspace_id, write=False) as db:
            return self._found(db).candidate_number == self._number

    def _is_live(self) -> bool:
        with self._job.database.session(self._workspace_id, write=False) as db:
            return self._found(db).live_number == self._number

    def _record(
        self,
        now: _Now,
        action: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        result: str = "ok",
    ) -> None:
        trail.record(
            now.db,
            System(self._workspace_id),
            action,
            object_type="deployment",
            object_id=now.deployment.id,
            object_name=f"{now.deployment.environment}/{now.deployment.name}",
            before=before,
            after=after,
            result=result,
        )


def _mark(revision: Revision, step: str, status: str, detail: str) -> None:
    """Change one step; a new list, so that the change is seen."""
    at = utcnow().isoformat()
    changed = []
    for entry in revision.steps:
        copy = dict(entry)
        if copy["name"] == step:
            copy["status"], copy["detail"] = status, detail
            if status == "running":
                copy["started_at"] = copy["started_at"] or at
            else:
                copy["started_at"] = copy["started_at"] or at
                copy["finished_at"] = at
        changed.append(copy)
    revision.steps = changed
