"""The desired state of a node: which model servers it keeps running and who may reach them.

The control plane writes `desired.json`, the node (gateway and supervisor of one machine) follows it
and writes `observed.json`. Both files are replaced atomically (write, fsync, rename), so a node
that starts while the control plane is down serves what was last acknowledged.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .package import Signature
from .safeguards import Safeguard

DESIRED_FILE = "desired.json"
OBSERVED_FILE = "observed.json"
RESERVE_FILE = "reserve.json"
OVERRIDES_FILE = "overrides.json"
GRAPH_FILE = "graph.onnx"
CONVERTER = 1
"""Raised with every change of what converters or probes do: graphs are then compiled anew."""


DriverName = Literal["process", "docker", "kubernetes"]
"""Where a model server runs."""


class Limits(BaseModel):
    """What one model server may use."""

    model_config = ConfigDict(frozen=True)

    memory_mb: int = 1024
    cpus: float = 1.0
    processes: int = 64
    open_files: int = 512
    tmp_mb: int = 64


class Feed(BaseModel):
    """One input of a compiled graph: a column, or several side by side as a matrix."""

    model_config = ConfigDict(frozen=True)

    name: str
    columns: tuple[str, ...]
    dtype: Literal["float32", "float64", "int32", "int64", "bool", "string"]
    is_matrix: bool = True
    """False: the graph takes the column as a vector or tensor of its own shape."""


class Compiled(BaseModel):
    """A version's graph for the fast lane, verified against the original when it was compiled."""

    model_config = ConfigDict(frozen=True)

    graph: str
    """Path of the ONNX file; gateway workers are handed its descriptor, not the path."""
    sha256: str
    feeds: tuple[Feed, ...]
    outputs: tuple[str, ...]
    """One: its values are the predictions. Several: an object per row."""
    column: int | None = None
    """The column of the one output that is the prediction; `None`: all of them."""
    cast: Literal["none", "int", "float", "bool"] = "none"
    """What the original answers where the graph answers another kind of number."""
    is_slow: bool = False
    """A batch takes so long that it is predicted in a thread, not between two reads."""
    native_above: int | None = None
    """Bodies with more rows than this are faster on the original engine."""
    tolerance: float = 1e-6
    """Relative; live answers further from the original's switch the lane off."""
    compare_calls: int = 200
    """Live calls each worker repeats on the original, off the request's path."""


class Scaling(BaseModel):
    """How many processes serve a version."""

    model_config = ConfigDict(frozen=True)

    min_replicas: int = Field(1, ge=0)
    """0: it may sleep; a call wakes it."""
    max_replicas: int = Field(1, ge=1)
    target_concurrency: int = Field(4, ge=1)
    """Calls that wait for one process before another one is started."""
    idle_seconds: float | None = None
    """Without a call for so long it sleeps, if `min_replicas` is 0."""


class ServerSpec(BaseModel):
    """A model server the node keeps running: one revision, one connection a worker and process."""

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
    environment_file: str = ""
    """JSON object of environment variables, some of them secrets; for the model server only."""
    driver: DriverName = "process"
    """Where it runs. Never changes for one id."""
    image: str = ""
    """The Docker image that holds the environment, or the one a pod's environment is made on."""
    limits: Limits = Limits()
    scaling: Scaling | None = None
    """`None`: one process, always."""
    signature: Signature = Signature()
    compiled: Compiled | None = None
    """With a graph, gateway workers answer by themselves; the server is reference and reserve."""


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
    requests_per_month: int | None = None
    """Quota; months are those of UTC."""
    tokens_per_month: int | None = None
    """Quota of what language models read and write for it."""

    @property
    def is_limited(self) -> bool:
        """Tell whether its calls must be counted."""
        limits = (self.requests_per_minute, self.requests_per_month, self.tokens_per_month)
        return any(limit is not None for limit in limits)


class Target(BaseModel):
    """A share of a route's traffic."""

    model_config = ConfigDict(frozen=True)

    server_id: str
    revision: int
    version: int
    """Model version number, answered in `X-Model-Version`."""
    weight: int = Field(ge=0, le=100)


class Shadow(BaseModel):
    """A revision that gets copies of calls; callers never wait for it and never see its answers."""

    model_config = ConfigDict(frozen=True)

    target: Target
    percent: int = Field(ge=1, le=100)
    tolerance: float = 0.01
    """Relative; numbers closer than that agree. Everything else agrees when it is equal."""


class Language(BaseModel):
    """The texts of a language endpoint's calls that are written down; without it none is."""

    model_config = ConfigDict(frozen=True)

    keeps_prompt: bool = False
    keeps_response: bool = False


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
    shadow: Shadow | None = None
    keys: tuple[Key, ...]
    signature: Signature
    example: str | None = None
    """JSON of the input example as MLflow stored it, for the generated documentation."""
    sample_rate: float = Field(default=1.0, ge=0, le=1)
    """Share of calls whose bodies are captured; counts are always complete."""
    max_body_bytes: int = 16 * 1024 * 1024
    max_rows: int = 10_000
    timeout_seconds: float = 30.0
    safeguards: tuple[Safeguard, ...] = ()
    """Held against every answer before the caller has it."""
    language: Language | None = None
    """Its model reads and writes text: it speaks OpenAI's API and no other."""


class OAuthKey(BaseModel):
    """A public key that verifies access tokens."""

    model_config = ConfigDict(frozen=True)

    id: str
    x: str
    """Ed25519, as base64url without padding."""


class OAuthClient(BaseModel):
    """A program whose access tokens open the endpoints of a workspace. Revoked ones are absent."""

    model_config = ConfigDict(frozen=True)

    id: str
    """What records carry."""
    client_id: str
    workspace: str
    environments: tuple[str, ...] | None = None
    """Those it may call; `None`: all of them."""
    scopes: tuple[Scope, ...] = (Scope.predict,)
    requests_per_minute: int | None = None
    secret_number: int = 1
    """Counts its secrets; tokens say by which of them they were got."""
    old_secret_until: dt.datetime | None = None
    """Until then the secret before, and tokens got by it, are valid too."""


class OAuth(BaseModel):
    """Whose access tokens are believed; see `access_tokens`."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    audience: str
    keys: tuple[OAuthKey, ...]
    clients: tuple[OAuthClient, ...] = ()


class DesiredState(BaseModel):
    """Everything a node needs to serve, in one file."""

    generation: int
    epoch: int = 0
    """Counted by the node: the same generation with other overrides."""
    servers: tuple[ServerSpec, ...] = ()
    routes: tuple[Route, ...] = ()
    oauth: OAuth | None = None
    """Only while there are clients."""


class Good(BaseModel):
    """A revision that served well and can be returned to without the control plane."""

    model_config = ConfigDict(frozen=True)

    server: ServerSpec
    revision: int
    version: int
    model: str
    signature: Signature
    example: str | None = None


class Reserve(BaseModel):
    """The last good revisions of every route, newest first; written beside the desired state."""

    routes: dict[str, tuple[Good, ...]] = {}
    """By deployment id."""


class Override(BaseModel):
    """A rollback that was decided on the node; it holds until the desired state agrees with it."""

    model_config = ConfigDict(frozen=True)

    id: str
    workspace_id: int
    deployment_id: str
    good: Good
    at: dt.datetime
    by: str
    reason: str
    is_serving: bool = False
    """Its server was ready and traffic went there; a restarted node does not go back."""


class Overrides(BaseModel):
    """All of them, one a deployment."""

    overrides: tuple[Override, ...] = ()


class ServerState(StrEnum):
    """Life of a model server process."""

    starting = "starting"
    ready = "ready"
    crashed = "crashed"  # waiting for its next try, see `restarts` and `reason`
    stopping = "stopping"
    asleep = "asleep"  # no process runs; the next call starts one


class LaneState(StrEnum):
    """Which engine answers a server's calls."""

    native = "native"
    compiled = "compiled"
    switched_back = "switched_back"  # the graph was refused or answered something else: `lane_note`


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
    lane: LaneState = LaneState.native
    lane_note: str | None = None
    replicas: int = 1
    """Processes that answer."""
    memory_mb: float = 0.0
    """Of its processes together."""
    data_mb: float = 0.0
    """What its largest process has asked for, which `Limits.memory_mb` is about."""
    silent_seconds: float = 0.0
    """For so long calls have waited for the most silent of its processes, and none was answered."""
    silent_calls: int = 0
    """So many wait for that one."""
    is_asleep: bool = False
    """It has no process until a call needs one; with a graph it is ready all the same."""
    slept_seconds: float = 0.0
    """Since the node started. Only what it grows by means anything."""
    compared: int = 0
    """Live calls whose answer from the graph was the original's."""
    original: ServerState | None = None
    """What its processes do while none of them answers and its graph does."""
    waits_for: str | None = None
    """What is being done until its first process answers, where its driver knows."""


class ObservedWorker(BaseModel):
    """What the node sees of one gateway worker."""

    pid: int | None
    restarts: int = 0
    connections: int = 0
    memory_mb: float = 0.0


class ObservedState(BaseModel):
    """What the node wrote last. `generation` is the desired generation it has applied."""

    generation: int
    node_pid: int
    started_at: dt.datetime
    written_at: dt.datetime
    port: int
    grpc_port: int | None = None
    """Where the Open Inference Protocol is spoken over gRPC, while it is."""
    servers: tuple[ObservedServer, ...] = ()
    workers: tuple[ObservedWorker, ...] = ()
    overrides: tuple[Override, ...] = ()
    """Rollbacks decided on this node that the desired state does not know yet."""
    dropped_records: int = 0
    """Prediction records lost on this node, by a full queue or disk or by processes killed."""
    dropped_at: dt.datetime | None = None
    """When the last of them was found missing."""
    journal_error: str | None = None
    """Why calls cannot be recorded just now."""
    month: str = ""
    """Such as 2026-12, in UTC."""
    month_calls: dict[str, int] = {}
    """What keys with a limit were let in for in that month, by id; a restarted node goes on."""
    month_tokens: dict[str, int] = {}
    """What models read and wrote in that month for keys with a limit of tokens, by id."""
