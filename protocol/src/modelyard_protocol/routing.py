"""The desired state of a node: which model servers it keeps running and who may reach them.

The control plane writes `desired.json`, the node (gateway and supervisor of one machine) follows it
and writes `observed.json`. Both files are replaced atomically (write, fsync, rename), so a node
that starts while the control plane is down serves what was last acknowledged.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from .package import Signature

DESIRED_FILE = "desired.json"
OBSERVED_FILE = "observed.json"


class Limits(BaseModel):
    """What one model server may use."""

    model_config = ConfigDict(frozen=True)

    memory_mb: int = 1024
    cpus: float = 1.0
    processes: int = 64
    open_files: int = 512
    tmp_mb: int = 64


class ServerSpec(BaseModel):
    """A model server the node keeps running: one revision, one process, one Unix socket."""

    model_config = ConfigDict(frozen=True)

    id: str
    """The revision's id as 32 hex digits. A changed spec gets a new id."""
    label: str
    """`workspace/environment/deployment@revision`, for logs and process titles."""
    engine: str
    model_dir: str
    """Read-only directory that holds the `MLmodel` file."""
    python: str
    """Interpreter of the model's environment."""
    environment_dir: str
    """Root of that environment, mounted read-only into the sandbox."""
    limits: Limits = Limits()


class Scope(StrEnum):
    """What an endpoint key may do."""

    predict = "predict"
    feedback = "feedback"


class Key(BaseModel):
    """An endpoint key, verifiable without the control plane.

    The full key is `myk_<public id>_<secret>`; `secret_sha256` is the hex digest of the secret.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    public_id: str
    secret_sha256: str
    scopes: tuple[Scope, ...] = (Scope.predict,)
    expires_at: dt.datetime | None = None
    requests_per_minute: int | None = None


class Target(BaseModel):
    """A share of a route's traffic."""

    model_config = ConfigDict(frozen=True)

    server_id: str
    revision: int
    version: int
    """Model version number, answered in `X-Model-Version`."""
    weight: int = Field(ge=0, le=100)


class Route(BaseModel):
    """One address: `/{workspace}/{environment}/{deployment}/…`. Weights sum to 100."""

    model_config = ConfigDict(frozen=True)

    workspace: str
    environment: str
    deployment: str
    workspace_id: int
    deployment_id: str
    model: str = ""
    """Registered name of the model, answered in `/predict`; empty: the deployment's name."""
    targets: tuple[Target, ...]
    keys: tuple[Key, ...]
    signature: Signature
    example: str | None = None
    """JSON of the input example as MLflow stored it, for the generated documentation."""
    sample_rate: float = Field(default=1.0, ge=0, le=1)
    """Share of calls whose bodies are captured; counts are always complete."""
    max_body_bytes: int = 16 * 1024 * 1024
    max_rows: int = 10_000
    timeout_seconds: float = 30.0


class DesiredState(BaseModel):
    """Everything a node needs to serve, in one file."""

    generation: int
    servers: tuple[ServerSpec, ...] = ()
    routes: tuple[Route, ...] = ()


class ServerState(StrEnum):
    """Life of a model server process."""

    starting = "starting"
    ready = "ready"
    crashed = "crashed"  # waiting for its next try, see `restarts` and `reason`
    stopping = "stopping"


class ObservedServer(BaseModel):
    """What the node sees of one model server."""

    id: str
    state: ServerState
    reason: str | None = None
    pid: int | None = None
    restarts: int = 0
    since: dt.datetime
    sandbox: str | None = None
    """Name of the walls in force: "bwrap", "landlock" or "none"."""
    log_tail: tuple[str, ...] = ()


class ObservedState(BaseModel):
    """What the node wrote last. `generation` is the desired generation it has applied."""

    generation: int
    node_pid: int
    started_at: dt.datetime
    written_at: dt.datetime
    port: int
    servers: tuple[ObservedServer, ...] = ()
    dropped_records: int = 0
    """Prediction records lost since start because the capture queue was full or the disk was."""
