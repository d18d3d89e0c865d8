"""Deployments without a node: a model version as a row, and a node and a preparation that obey."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from modelyard_protocol.routing import (
    DesiredState,
    ObservedServer,
    ObservedState,
    Override,
    Reserve,
    ServerState,
)
from modelyard_server.deployments.errors import NodeUnreachable
from modelyard_server.deployments.models import Deployment, Revision
from modelyard_server.deployments.ports import (
    Built,
    Capacity,
    ComputeDriver,
    GuardMeasurements,
    Machine,
    Measured,
    NodeAnswer,
    Outlook,
    Preparation,
    Prepared,
    Verified,
)
from modelyard_server.deployments.reconcile import Reconciler
from modelyard_server.deployments.rollout import RollOut
from modelyard_server.deployments.watch import Look
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.jobs import JobContext
from modelyard_server.kernel.late import Streamed
from modelyard_server.registry.models import Model, ModelVersion

from .fixtures import Platform, TeamSpace

SIGNATURE = {
    "inputs": [{"name": "x", "dtype": "double", "required": True, "shape": None}],
    "outputs": [{"name": "0", "dtype": "long", "required": True, "shape": None}],
    "params": [],
}


class Killed(BaseException):
    """Stands for `kill -9`: nothing of ours may handle it."""


@dataclass
class ObedientNode:
    """Runs what it is asked for at once, except servers of versions that are told to crash."""

    states: list[DesiredState] = field(default_factory=list)
    crashing: dict[str, int] = field(default_factory=dict)
    """Engine to how often its servers have crashed."""
    up: bool = True
    reserve: Reserve = field(default_factory=Reserve)
    overrides: tuple[Override, ...] = ()
    """Rollbacks that were decided on the node."""
    answers: Callable[[str, bytes, dict[str, str]], NodeAnswer] | None = None
    """The gateway, where a test has one."""
    grpc_port: int | None = None
    month: str = ""
    month_tokens: dict[str, int] = field(default_factory=dict)
    slept_seconds: float = 0.0
    is_asleep: bool = False
    """All its servers sleep, or have slept so long."""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    """Server to the variables it was first published with."""

    def alone(self) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def desired(self) -> DesiredState:
        return self.states[-1] if self.states else DesiredState(generation=0)

    def apply(self, desired: DesiredState) -> None:
        self.states.append(desired)

    def keep_reserve(self, reserve: Reserve) -> None:
        self.reserve = reserve

    def keep_environment(self, server_id: str, make: Any) -> str:
        if server_id not in self.environments:
            self.environments[server_id] = make()
        return f"/environments/{server_id}.json"

    def observed(self) -> ObservedState:
        desired, now = self.desired(), utcnow()
        servers = tuple(self._server(spec.id, spec.engine) for spec in desired.servers)
        return ObservedState(
            generation=desired.generation,
            node_pid=1,
            started_at=now,
            written_at=now,
            port=1,
            grpc_port=self.grpc_port,
            month=self.month,
            month_tokens=self.month_tokens,
            servers=servers,
            overrides=self.overrides,
        )

    def _server(self, server_id: str, engine: str) -> ObservedServer:
        crashes = self.crashing.get(engine, 0)
        return ObservedServer(
            id=server_id,
            state=ServerState.crashed if crashes else ServerState.ready,
            reason="ImportError: no module named nothing" if crashes else None,
            restarts=crashes,
            since=utcnow(),
            sandbox="bwrap",
            log_tail=("last words",) if crashes else (),
            is_asleep=self.is_asleep,
            slept_seconds=self.slept_seconds,
        )

    def is_up(self) -> bool:
        return self.up

    def log_lines(self, server_id: str, tail: int) -> list[str]:
        return [f"log of {server_id}"][:tail]

    def journal_dir(self) -> Path:
        return Path("/nonexistent")

    def call(self, path: str, body: bytes, headers: dict[str, str]) -> NodeAnswer:
        if self.answers is None:
            raise NodeUnreachable("There is no gateway in this test.")
        return self.answers(path, body, headers)

    def follow(self, path: str, body: bytes, headers: dict[str, str]) -> Streamed:
        answer = self.call(path, body, headers)
        halves = (answer.body[:9], answer.body[9:])
        return Streamed(answer.status, answer.headers, (half for half in halves))

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def servers_of(self, workspace: TeamSpace, at: int = -1) -> list[str]:
        """Name the model servers of one workspace as asked for at a time, like `churn@1`."""
        servers = self.states[at].servers
        own = [spec.label for spec in servers if spec.label.startswith(f"{workspace.slug}/")]
        return [label.rpartition("/")[2] for label in own]

    def target_of(self, workspace: TeamSpace, at: int) -> int:
        """Give the revision that one workspace's traffic went to at a time."""
        routes = self.states[at].routes
        [target] = [r.targets[0].revision for r in routes if r.workspace_id == workspace.id]
        return target

    def shares_of(self, workspace: TeamSpace, at: int = -1) -> dict[int, int]:
        """Give the shares of one workspace's only route by revision, as asked for at a time."""
        [route] = [r for r in self.states[at].routes if r.workspace_id == workspace.id]
        return {target.revision: target.weight for target in route.targets}

    def routes_of(self, workspace: TeamSpace) -> list[dict[str, Any]]:
        """Give the routes of one workspace as last asked for."""
        routes = self.desired().routes
        return [r.model_dump(mode="json") for r in routes if r.workspace_id == workspace.id]


@dataclass
class SteadyMachine:
    """A machine whose facts a test sets."""

    facts: Machine = field(default_factory=lambda: Machine("amd64", 8, 32.0, 16.0))

    def machine(self) -> Machine:
        return self.facts


@dataclass
class SetMeasurements:
    """Measurements of revisions as a test sets them, by revision number."""

    facts: dict[int, Measured] = field(default_factory=dict)

    def measure(
        self, db: Any, deployment_id: uuid.UUID, revision: int, version: int, since: Any
    ) -> Measured:
        return self.facts.get(revision, Measured())


@dataclass
class ObedientPreparation:
    """Prepares at once; what it answers can be replaced."""

    verified: Verified = field(default_factory=lambda: Verified(True, "Reproduced.", "bwrap"))
    refusal: Exception | None = None
    lane: dict[str, Any] | None = None
    killed_at: str | None = None
    calls: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    """What the model found in its environment when it was verified last."""

    def materialise(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Prepared:
        self._called("prepare")
        return Prepared(Path("/models/x"), f"{model_id.hex}{version:04}", None)

    def build(
        self, prepared: Prepared, on_line: Any, *, engine: str, is_isolated: bool = False
    ) -> Built:
        self._called("build in isolation" if is_isolated else "build")
        on_line("Resolved 12 packages")
        if self.refusal is not None:
            raise self.refusal
        folder = Path("/environments/x")
        return Built(folder / "bin/python", folder, "a1b2c3", "Isolated environment a1b2c3.", None)

    def verify(
        self, prepared: Prepared, built: Built, engine: str, variables: Mapping[str, str]
    ) -> Verified:
        self._called("verify")
        self.variables = dict(variables)
        return self.verified

    def known_lane(self, prepared: Prepared, built: Built, engine: str) -> dict[str, Any] | None:
        return self.lane

    def outlook(self, workspace_id: int, model_id: uuid.UUID, version: int) -> Outlook:
        return "new"

    def _called(self, step: str) -> None:
        self.calls.append(step)
        if self.killed_at == step:
            self.killed_at = None
            raise Killed


@dataclass
class Serving:
    """A workspace with a registered model, an obedient node and an obedient preparation."""

    workspace: TeamSpace
    node: ObedientNode
    preparation: ObedientPreparation
    model_id: uuid.UUID
    here: SteadyMachine
    measured: SetMeasurements

    def __post_init__(self) -> None:
        self.platform: Platform = self.workspace.platform
        self.client = self.workspace.client("developer")

    def register(self, **facts: Any) -> int:
        """Add a version; give its number."""
        with self.platform.database.session(self.workspace.id) as db:
            model = db.get_one(Model, (self.workspace.id, self.model_id))
            model.last_number += 1
            db.add(_a_version(model, model.last_number, **facts))
            return model.last_number

    def deploy(self, **more: Any) -> dict[str, Any]:
        """Deploy and roll out; give the deployment as it is then."""
        body = {"model_id": str(self.model_id), "use_auto_config": True, **more}
        answer = self.client.post("/api/v1/serving/deploy", json=body)
        assert answer.status_code == 202, answer.text
        self.roll_out(answer.json()["id"], 1)
        return self.get(answer.json()["id"])

    def post(self, deployment_id: str, what: str, body: Any = None, status: int = 202) -> Any:
        answer = self.client.post(f"/api/v1/deployments/{deployment_id}/{what}", json=body or {})
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, deployment_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1/deployments/{deployment_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def update(self, deployment_id: str, **body: Any) -> dict[str, Any]:
        """Deploy the newest version and roll it out; give the deployment."""
        made = self.post(deployment_id, "revisions", body)
        self.roll_out(deployment_id, made["number"])
        return self.get(deployment_id)

    def variables_of(self, deployment: dict[str, Any]) -> dict[str, str]:
        """Give what the live revision's server finds in its environment variables."""
        end = f"/{deployment['environment']}/{deployment['name']}"
        end += f"@{deployment['live_revision']['number']}"
        own = f"{self.workspace.slug}{end}"
        spec = next(spec for spec in self.node.desired().servers if spec.label == own)
        return self.node.environments[spec.id]

    def roll_out(self, deployment_id: str, number: int, *, is_last_attempt: bool = True) -> None:
        """Do what a worker would do with the roll-out's job."""
        job = JobContext(
            id=uuid.uuid4(),
            kind="deployments.roll_out",
            workspace_id=self.workspace.id,
            payload={"deployment_id": deployment_id, "number": number},
            attempt=1,
            is_last_attempt=is_last_attempt,
            database=self.platform.database,
            services=self.platform.services,
            token=1,
        )
        RollOut(job, ready_seconds=2).run()

    def look(self, deployment_id: str) -> None:
        """Do what a worker does when the reconciler asks for a look at a rollout."""
        Look(
            JobContext(
                id=uuid.uuid4(),
                kind="deployments.watch",
                workspace_id=self.workspace.id,
                payload={"deployment_id": deployment_id},
                attempt=1,
                is_last_attempt=True,
                database=self.platform.database,
                services=self.platform.services,
                token=1,
            )
        ).run()

    def let_pass(self, deployment_id: str, seconds: float) -> None:
        """Move the start of the running step, or the end of the standby, into the past."""
        ago = dt.timedelta(seconds=seconds)
        with self.platform.database.session(self.workspace.id) as db:
            query = select(Deployment).where(Deployment.id == uuid.UUID(deployment_id))
            deployment = db.scalars(query).one()
            if deployment.fallback_until is not None:
                deployment.fallback_until -= ago
            rows = select(Revision).where(Revision.deployment_id == deployment.id)
            for row in db.scalars(rows):
                if row.shift is not None:
                    since = dt.datetime.fromisoformat(row.shift["since"]) - ago
                    row.shift = {**row.shift, "since": since.isoformat()}

    def reconcile(self) -> None:
        """Do what the reconciler does when the node changed."""
        observed = self.node.observed()
        servers = {server.id: server for server in observed.servers}
        Reconciler(self.platform.services).reconcile(servers, node_is_up=self.node.up)


def _a_version(model: Model, number: int, **facts: Any) -> ModelVersion:
    now = utcnow()
    known: dict[str, Any] = {
        "status": "READY",
        "source": "runs:/none/model",
        "digest": f"{number:064}",
        "size_bytes": 4096,
        "framework": "sklearn",
        "flavors": ["python_function", "sklearn"],
        "signature": SIGNATURE,
        "input_example": {"columns": ["x"], "data": [[1.0]]},
        "reference_prediction": [1],
        "reference_source": "package",
        "requirements": ["scikit-learn==1.9.1"],
        "created_at": now,
        "updated_at": now,
        "created_by_name": "Test",
    }
    return ModelVersion(id=uuid.uuid4(), model_id=model.id, number=number, **{**known, **facts})


@contextmanager
def replaced(platform: Platform, port: type[Any], implementation: Any) -> Iterator[None]:
    """Put another implementation behind a port for a while."""
    before = platform.services.get(port)
    platform.services.provide(port, implementation)
    try:
        yield
    finally:
        platform.services.provide(port, before)


@pytest.fixture
def serving(workspace: TeamSpace) -> Iterator[Serving]:
    platform, now = workspace.platform, utcnow()
    model = Model(
        id=uuid.uuid4(), name="churn", created_at=now, updated_at=now, created_by_name="Test"
    )
    with platform.database.session(workspace.id) as db:
        db.add(model)
    node, preparation, here = ObedientNode(), ObedientPreparation(), SteadyMachine()
    measured = SetMeasurements()
    with (
        replaced(platform, ComputeDriver, node),
        replaced(platform, Preparation, preparation),
        replaced(platform, Capacity, here),
        replaced(platform, GuardMeasurements, measured),
    ):
        made = Serving(workspace, node, preparation, model.id, here, measured)
        made.register()
        yield made
