"""What deployments need from elsewhere, and what they tell others."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlalchemy.orm import Session

from modelyard_protocol.routing import DesiredState, DriverName, ObservedState, Reserve
from modelyard_server.kernel.late import Streamed


class NodeState(Protocol):
    """What the node of this machine leaves on disk. Provided by `adapters.compute`."""

    def observed(self) -> ObservedState | None:
        """Give what the node wrote last; `None` when it never wrote."""
        ...

    def journal_dir(self) -> Path:
        """Give the folder of the prediction journals."""
        ...

    def fault(self) -> str | None:
        """Ask the gateway whether it answers; give what is wrong, `None` when nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to serve models with."""

    arch: str
    """`amd64`, `arm64`, or as the kernel calls it."""
    cpus: int
    memory_gb: float
    free_memory_gb: float
    gpus: int = 0
    gpu_memory_gb: float = 0.0
    """Of the largest GPU."""
    drivers: tuple[str, ...] = ("process",)
    """Ways to run model servers; the first is for environments that choose none."""


class Capacity(Protocol):
    """Knows the machine. Provided by `adapters.compute`."""

    def machine(self) -> Machine:
        """Read what is there now."""
        ...


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """A way to run model servers."""

    name: DriverName
    obstacle: str | None
    """Why it cannot be used now."""
    walls: str | None = None
    """What stands around the code of models there, where that was tried."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Walls that do not stand, each with what a model could then do."""


class Drivers(Protocol):
    """Knows where model servers can run. Provided by `adapters.compute`."""

    standard: str
    """For environments that choose none."""

    def facts(self) -> list[DriverFacts]:
        """List all ways; asks the engine, so not inside a session."""
        ...

    def image(
        self, driver: str, environment_dir: Path, lock_hash: str, on_line: Callable[[str], None]
    ) -> str:
        """Give the image that a version starts on, built when it is one of the version's own.

        Raises:
            ImageNotBuilt: with the engine's reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class NodeAnswer:
    """An answer of the node's gateway."""

    status: int
    headers: dict[str, str]
    body: bytes
    latency_ms: float


class ComputeDriver(NodeState, Protocol):
    """Runs model servers as the desired state says. Provided by `adapters.compute`."""

    def alone(self) -> AbstractContextManager[bool]:
        """Keep every other process from asking; gives whether this one asked last."""
        ...

    def desired(self) -> DesiredState:
        """Give what was asked for last; an empty state before the first time."""
        ...

    def apply(self, desired: DesiredState) -> None:
        """Ask for a state, durably: it is followed also while the control plane is down."""
        ...

    def keep_reserve(self, reserve: Reserve) -> None:
        """Leave with the node what it may return to while the control plane is down."""
        ...

    def keep_environment(self, server_id: str, make: Callable[[], dict[str, str]]) -> str:
        """Give the file with a model server's environment variables; made once, then kept.

        Readable by this user only, and outside the desired state, because it holds secrets that
        the node needs while the control plane is down.
        """
        ...

    def is_up(self) -> bool:
        """Tell whether the node wrote its state a moment ago."""
        ...

    def log_lines(self, server_id: str, tail: int) -> list[str]:
        """Give the last lines a model server printed."""
        ...

    def call(self, path: str, body: bytes, headers: dict[str, str]) -> NodeAnswer:
        """POST to the gateway.

        Raises:
            NodeUnreachable: it does not answer.
        """
        ...

    def follow(self, path: str, body: bytes, headers: dict[str, str]) -> Streamed:
        """POST to the gateway and read its answer as it comes.

        Raises:
            NodeUnreachable: it does not answer.
        """
        ...

    def start(self) -> None:
        """Start the node, or adopt the one that runs, and keep it running."""
        ...

    def stop(self) -> None:
        """Stop keeping, and stop the node."""
        ...


class Publisher(Protocol):
    """Writes the desired state from the database. Provided by `traffic.wiring`."""

    def now(self, workspace_id: int | None = None) -> int:
        """Publish committed facts; give the generation that has them. Not inside a session.

        With a workspace, only its facts are read again.
        """
        ...

    def soon(self, db: Session) -> None:
        """Publish after the caller's transaction has committed."""
        ...

    def settle(
        self,
        seconds: float,
        check: Callable[[], None] | None = None,
        workspace_id: int | None = None,
    ) -> bool:
        """Publish and wait until the node follows, at most so long; tell whether it does.

        Not inside a session.

        `check` is called between looks and may raise to stop waiting.
        """
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """What real traffic says about one revision."""

    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    p95_ms: float | None = None
    drift: str | None = None
    """How its predictions have moved; `None`: not, or not known."""
    drift_score: float = 0.0
    """How far they have moved from training, see `monitoring.drift`; 0 where nothing is known."""
    crash: str | None = None
    """Why its model server keeps crashing."""
    silent_seconds: float = 0.0
    """For so long calls have waited for its model server, and none was answered."""
    silent_calls: int = 0
    """So many wait now."""


class GuardMeasurements(Protocol):
    """Measures revisions for the guards of a rollout. Provided by `monitoring.wiring`."""

    def measure(
        self,
        db: Session,
        deployment_id: uuid.UUID,
        revision: int,
        version: int,
        since: dt.datetime,
    ) -> Measured:
        """Count a revision's calls since an instant."""
        ...


class DeploymentObserver(Protocol):
    """Hears about deletions. Register with `services.add(DeploymentObserver, …)`."""

    def deployment_deleted(self, db: Session, deployment_id: uuid.UUID) -> None:
        """Remove what belongs to the deployment, in the deleting transaction."""
        ...


class RollbackObserver(Protocol):
    """Hears what guards take back. Register with `services.add(RollbackObserver, …)`."""

    def revision_taken_back(
        self, db: Session, deployment_id: uuid.UUID, revision: int, reason: str
    ) -> None:
        """Tell whom it concerns, in the transaction that takes it back."""
        ...


class CreationObserver(Protocol):
    """Hears about new deployments. Register with `services.add(CreationObserver, …)`."""

    def deployment_created(self, db: Session, deployment_id: uuid.UUID) -> None:
        """Add what belongs to the deployment, in the creating transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """A version's files on this machine."""

    model_dir: Path
    digest: str
    handle: Any
    """What the preparation needs back."""


@dataclass(frozen=True, slots=True)
class Built:
    """The interpreter a version runs in."""

    python: Path
    environment_dir: Path
    lock_hash: str
    note: str
    handle: Any


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the version reproduced its stored prediction."""

    ok: bool
    summary: str
    sandbox: str
    differences: list[dict[str, Any]] = field(default_factory=list)
    log_tail: list[str] = field(default_factory=list)
    lane: dict[str, Any] | None = None
    """What came of compiling the version, see `lanes`."""


Outlook = Literal["platform", "cached", "new"]
"""Where an environment would come from: the platform's own, built before, or to be made."""


class Preparation(Protocol):
    """Makes a version runnable. Outside sessions; each call may run twice."""

    def materialise(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Prepared:
        """Put the version's files on disk."""
        ...

    def build(
        self,
        prepared: Prepared,
        on_line: Callable[[str], None],
        *,
        engine: str,
        is_isolated: bool = False,
    ) -> Built:
        """Make the environment, or find it; an isolated one is never the platform's own."""
        ...

    def verify(
        self, prepared: Prepared, built: Built, engine: str, variables: Mapping[str, str]
    ) -> Verified:
        """Load the model in the sandbox, predict its input example, and compile it if it can be.

        `variables` are environment variables that it finds there, as its model server will.
        """
        ...

    def known_lane(self, prepared: Prepared, built: Built, engine: str) -> dict[str, Any] | None:
        """Give what came of compiling the same files before; `None`: verify them first."""
        ...

    def outlook(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Outlook:
        """Tell where the environment would come from; never writes anything."""
        ...
