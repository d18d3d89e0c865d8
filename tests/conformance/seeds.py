"""How to make one object of every kind, and how to call every operation with it.

A new path parameter needs a line in `SEEDS`; an operation with a body or required query
parameters needs a line in `RECIPES`. The suite fails and says so when one is missing.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from starlette.testclient import TestClient

from modelyard_server.alerts import incidents
from modelyard_server.alerts.models import Rule
from modelyard_server.alerts.readings import Reading
from modelyard_server.alerts.states import Seen
from modelyard_server.deployments import service as deployments
from modelyard_server.identity import credentials
from modelyard_server.identity import service as identity
from modelyard_server.identity.models import User
from modelyard_server.tracking.models import ExperimentNumber
from tests.make.fixtures import Platform, TeamSpace
from tests.make.registry import MLFLOW, model_id, registered

from .seeds_batches import a_batch
from .seeds_oauth import an_oauth_client

LIFETIME = dt.timedelta(days=1)
PASSWORD = "correct horse battery"
HERE = "tests/conformance/seeds.py"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
ALIAS = "best"
SHORTEST_ID = 6
OF_EVERYBODY = {"samples/key", "flag_key", "protected_alias"}  # the same in every workspace
_HEX = re.compile(r"((?:m|tr|d|iss|a)-)?[0-9a-f]{32}")
_SHAPES = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), lambda: str(uuid.uuid4())),
    (re.compile(r"runs/.+"), lambda: f"runs/{uuid.uuid4().hex}/artifacts/notes.txt"),
    (re.compile(r"\d+"), lambda: str(uuid.uuid4().int % 10**8 + 10**8)),
)


def look_alike(value: str) -> str:
    """Give a value of the same shape that names nothing; words such as an alias stay."""
    if len(value) < SHORTEST_ID:
        return value
    if found := _HEX.fullmatch(value):
        return f"{found[1] or ''}{uuid.uuid4().hex}"
    for shape, make in _SHAPES:
        if shape.fullmatch(value):
            return make()
    return f"nothing-{uuid.uuid4().hex}"


@dataclass
class World:
    """A workspace whose objects are made when an operation first names them."""

    platform: Platform
    space: TeamSpace
    canary: str = field(default_factory=lambda: f"canary{uuid.uuid4().hex[:12]}")
    made: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, platform: Platform) -> "World":
        return cls(platform, platform.a_workspace())

    def __getitem__(self, seed: str) -> str:
        """Give the id of this workspace's object of a kind."""
        if seed not in self.made:
            if seed not in SEEDS:
                raise AssertionError(
                    f"The parameter {seed!r} has no seed. Add to SEEDS in {HERE} a function that "
                    "makes such an object in a workspace and gives its id."
                )
            self.made[seed] = str(SEEDS[seed](self))
        return self.made[seed]

    @property
    def owner(self) -> User:
        if "owner" not in self.kept:
            self.kept["owner"] = self.space.a_person("owner", password=PASSWORD)
        return self.kept["owner"]

    @property
    def http(self) -> TestClient:
        if "http" not in self.kept:
            token = self.space.a_token("owner", of=self.owner)
            self.kept["http"] = TestClient(
                self.platform.app,
                headers={"Authorization": f"Bearer {token}"},
                raise_server_exceptions=False,
            )
        return self.kept["http"]

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make something through the API as the owner."""
        return self._ask("POST", path, json=body)

    def read(self, path: str, /, **query: Any) -> dict[str, Any]:
        """Read through the API as the owner."""
        return self._ask("GET", path, params=query)

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        answer = self.http.request(method, path, **sent)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()


@dataclass
class Strangers:
    """Values that look like another world's, and name nothing."""

    world: World
    made: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, seed: str) -> str:
        if seed not in self.made:
            self.made[seed] = look_alike(self.world[seed])
        return self.made[seed]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world, name)


Ids = World | Strangers


# ---------------------------------------------------------------------- seeds
def a_token(world: World) -> str:
    body = {"name": world.canary, "role": "viewer"}
    return world.post("/api/v1/tokens", body)["id"]


def a_collection(world: World) -> str:
    there = world.read("/api/v1/storage")["collections"]  # one is under way at a time
    made = there or [world.post("/api/v1/storage/collections", {"dry_run": True})]
    return made[0]["id"]


def a_session(world: World) -> str:
    owner = world.owner
    with world.platform.database.platform_session() as db:
        user = db.get_one(User, owner.id)
        row, _ = credentials.open_session(
            db, user, lifetime=LIFETIME, ip_address=None, user_agent=world.canary
        )
    return str(row.id)


def an_invitation(world: World) -> str:
    body = {"email": f"{world.canary}@example.com", "role": "viewer"}
    made = world.post("/api/v1/invitations", body)
    world.kept["invitation link"] = made["link"]
    return made["id"]


def an_invitation_link(world: World) -> str:
    _ = world["invitation_id"]
    return world.kept["invitation link"].rpartition("/")[2]


def a_reset_link(world: World) -> str:
    owner = world.owner
    with world.platform.database.platform_session() as db:
        return identity.issue_reset_link(db, owner.email)


def an_experiment(world: World) -> str:
    """Experiments count from 1 in each workspace; start high, where the other has none."""
    with world.platform.database.session(world.space.id) as db:
        db.execute(update(ExperimentNumber).values(next_number=world.space.id * 1000 + 700_000))
    return world.post("/api/v1/experiments", {"name": f"{world.canary} experiment"})["id"]


def an_experiment_name(world: World) -> str:
    _ = world["experiment_id"]
    return f"{world.canary} experiment"


def a_run(world: World) -> str:
    body = {
        "experiment_id": world["experiment_id"],
        "run_name": f"{world.canary} run",
        "start_time": 1,
    }
    info = world.post(f"{MLFLOW}/runs/create", body)["run"]["info"]
    batch = {
        "run_id": info["run_id"],
        "metrics": [{"key": "loss", "value": 0.5, "timestamp": 1, "step": 1}],
        "params": [{"key": "seed", "value": world.canary}],
        "tags": [{"key": "note", "value": world.canary}],
    }
    world.post(f"{MLFLOW}/runs/log-batch", batch)
    world.kept["run folder"] = info["artifact_uri"].removeprefix("mlflow-artifacts:").strip("/")
    return info["run_id"]


def a_run_file(world: World) -> str:
    _ = world["run_id"]
    path = f"{world.kept['run folder']}/notes.txt"
    sent = world.http.put(f"{PROXY}/{path}", content=world.canary.encode())
    assert sent.is_success, sent.text
    return path


def a_run_view(world: World) -> str:
    body = {"name": f"{world.canary} view", "state": "order=x", "is_shared": True}
    return world.post(f"/api/v1/experiments/{world['experiment_id']}/views", body)["id"]


def a_file(name: str) -> Callable[[World], str]:
    """Log a file of a name, which is too short to be taken for an id."""

    def put(world: World) -> str:
        _ = world["run_id"]
        path = f"{PROXY}/{world.kept['run folder']}/{name}"
        assert world.http.put(path, content=f"a,b\n1,{world.canary}\n".encode()).is_success
        return name

    return put


def a_view(world: World) -> str:
    path = f"/api/v1/runs/{world['run_id']}/artifacts/view"
    return world.read(path, path=world["p.svg"])["url"].rpartition("/")[2]


def a_run_folder(world: World) -> str:
    _ = world["run_id"]
    return str(world.kept["run folder"])


def an_upload(world: World) -> str:
    """A file of two parts, of which both are there."""
    body = {"path": f"{world['folder']}/{world.canary}.bin", "size_bytes": 7}
    upload = world.post("/api/v1/uploads", body)["id"]
    for number, part in ((1, b"half "), (2, b"it")):
        sent = world.http.put(f"/api/v1/uploads/{upload}/parts/{number}", content=part)
        assert sent.is_success, sent.text
    return upload


def a_logged_model(world: World) -> str:
    body = {
        "experiment_id": world["experiment_id"],
        "name": f"{world.canary}-logged",
        "source_run_id": world["run_id"],
        "tags": [{"key": "colour", "value": world.canary}],
    }
    return world.post(f"{MLFLOW}/logged-models", body)["model"]["info"]["model_id"]


def an_import(world: World) -> str:
    body = {"kind": "mlflow", "source": f"{world.canary} server", "planned": {"run": 1}}
    return world.post("/api/v1/imports", body)["id"]


def a_model_name(world: World) -> str:
    name = f"{world.canary}-model"
    registered(world.http, name, tags=[{"key": "note", "value": world.canary}])
    world.post(
        f"{MLFLOW}/registered-models/set-tag",
        {"name": name, "key": "note", "value": world.canary},
    )
    world.post(f"{MLFLOW}/registered-models/alias", {"name": name, "alias": ALIAS, "version": "1"})
    return name


def a_deployment(world: World) -> str:
    body = {
        "model_id": world["models/model_id"],
        "name": f"{world.canary[:20]}-live",
        "use_auto_config": True,
    }
    return world.post("/api/v1/serving/deploy", body)["id"]


def an_environment(world: World) -> str:
    return world.post("/api/v1/environments", {"name": world.canary})["slug"]


def a_secret(world: World) -> str:
    name = world.canary.upper()
    path = f"/api/v1/environments/{world['environment']}/secrets/{name}"
    assert world.http.put(path, json={"value": world.canary}).status_code == 204
    return name


def a_rate_limit(world: World) -> str:
    body = {"route_class": "read", "subject": "user", "per_minute": 1_000_000}
    answer = world.http.put("/api/v1/rate-limits", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def an_endpoint_key(world: World) -> str:
    path = f"/api/v1/deployments/{world['deployment_id']}/keys"
    return world.post(path, {"name": f"{world.canary} key", "scopes": ["predict"]})["id"]


def a_channel(world: World) -> str:
    """A webhook to an address that may not be called: nothing leaves this machine."""
    body = {"name": f"{world.canary} hook", "kind": "webhook", "url": "https://127.0.0.1:9/hook"}
    return world.post("/api/v1/channels", body)["id"]


def a_dead_letter(world: World) -> str:
    world.post(f"/api/v1/channels/{world['channel_id']}/test", {})
    [found] = world.read("/api/v1/deliveries", state="dead")["items"]
    return found["id"]


def a_webhook(world: World) -> str:
    body = {
        "name": world.canary,
        "url": "https://hooks.example.com/",
        "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}],
    }
    return world.post(f"{MLFLOW}/webhooks", body)["webhook"]["webhook_id"]


def a_binned_model(world: World) -> str:
    name = f"{world.canary}-old"
    registered(world.http, name)
    world.http.delete(f"/api/v1/models/{model_id(world.http, name)}")
    return world.read("/api/v1/bin")["items"][0]["id"]


def a_comment(world: World) -> str:
    body = {
        "resource_type": "run",
        "resource_id": world["run_id"],
        "body": f"{world.canary} looks odd",
    }
    return world.post("/api/v1/comments", body)["id"]


def an_inbox_item(world: World) -> str:
    """Somebody else mentions the owner; whose inbox it is, only they read it."""
    handle = world.owner.email.partition("@")[0]
    body = {
        "resource_type": "run",
        "resource_id": world["run_id"],
        "body": f"@{handle} {world.canary}",
    }
    sent = world.space.client("developer").post("/api/v1/comments", json=body)
    assert sent.status_code == 201, sent.text
    return world.read("/api/v1/inbox")["items"][0]["id"]


def a_trace(world: World) -> str:
    trace_id = f"tr-{uuid.uuid4().hex}"
    location = {"mlflow_experiment": {"experiment_id": world["experiment_id"]}}
    info = {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", **location},
        "request_time": "2026-11-27T00:00:00Z",
        "request_preview": world.canary,
        "state": "OK",
    }
    world.post("/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})
    return trace_id


def an_assessment(world: World) -> str:
    said = {"assessment_name": "good", "feedback": {"value": True}, "rationale": world.canary}
    path = f"/api/3.0/mlflow/traces/{world['trace_id']}/assessments"
    return world.post(path, {"assessment": said})["assessment"]["assessment_id"]


def an_issue(world: World) -> str:
    body = {"name": world.canary, "description": "slow", "experiment_id": world["experiment_id"]}
    return world.post("/api/3.0/mlflow/issues", body)["issue"]["issue_id"]


def a_scorer(world: World) -> str:
    body = {"name": world.canary, "experiment_id": world["experiment_id"]}
    world.post("/api/3.0/mlflow/scorers/register", {**body, "serialized_scorer": "{}"})
    return world.canary


def a_dataset(world: World) -> str:
    body = {
        "name": world.canary,
        "tags": '{"colour": "blue"}',
        "experiment_ids": [world["experiment_id"]],
    }
    path = "/api/3.0/mlflow/datasets"
    made = world.post(f"{path}/create", body)["dataset"]["dataset_id"]
    rows = f'[{{"inputs": {{"q": "{world.canary}"}}}}]'
    world.post(f"{path}/{made}/records", {"records": rows})
    return made


def a_rule(world: World) -> str:
    body = {
        "deployment_id": world["deployment_id"],
        "name": f"{world.canary} rule",
        "condition": {"kind": "threshold", "signal": "error_rate", "threshold": 0.1},
    }
    return world.post("/api/v1/alert-rules", body)["id"]


def an_alert(world: World) -> str:
    """An alert that a drift rule has opened."""
    _ = world["rule_id"]
    with world.platform.database.session(world.space.id) as db:
        rules = select(Rule).where(Rule.deployment_id == uuid.UUID(world["deployment_id"]))
        rule = db.scalars(rules.where(Rule.default_key == "drift")).one()
        subject = deployments.monitored(db)[0]
        seen = Seen(is_known=True, is_breach=True, is_clear=False)
        reading = Reading(seen, 1.0, 1.0, 500, f"{world.canary} moved.", ("x",))
        return str(incidents.fired(db, rule, subject, reading).id)


def a_dashboard(world: World) -> str:
    panel = {"id": "p", "signal": "traffic", "deployment_ids": [world["deployment_id"]]}
    body = {"name": f"{world.canary} board", "panels": [panel]}
    return world.post("/api/v1/dashboards", body)["id"]


def a_fleet_view(world: World) -> str:
    body = {"name": f"{world.canary} fleet", "state": "health=failing", "is_shared": True}
    return world.post("/api/v1/fleet-views", body)["id"]


def a_silence(world: World) -> str:
    body = {"reason": f"{world.canary} work", "ends_at": "2999-01-01T00:00:00Z"}
    body |= {"starts_at": "2998-12-31T00:00:00Z"}
    return world.post("/api/v1/silences", body)["id"]


SEEDS: dict[str, Callable[[World], object]] = {
    # identity, workspaces
    "session_id": a_session,
    "token_id": a_token,
    "user_id": lambda world: world.space.a_person("viewer").id,
    "invitation_id": an_invitation,
    "invitation-links/token": an_invitation_link,
    "password-resets/token": a_reset_link,
    "workspace_name": lambda world: world.space.slug,
    "collection_id": a_collection,
    # tracking, artifacts
    "experiment_id": an_experiment,
    "experiment name": an_experiment_name,
    "run_id": a_run,
    "artifacts/path": a_run_file,
    "view_id": a_run_view,
    "t.csv": a_file("t.csv"),
    "p.svg": a_file("p.svg"),
    "content/token": a_view,
    "folder": a_run_folder,
    "upload_id": an_upload,
    "number": lambda world: "1",
    "logged-models/model_id": a_logged_model,
    "tags/key": lambda world: "colour",
    "import_id": an_import,
    "trace_id": a_trace,
    "assessment_id": an_assessment,
    "dataset_id": a_dataset,
    "issue_id": an_issue,
    "scorer name": a_scorer,
    # collaboration
    "batch_id": a_batch,
    "comment_id": a_comment,
    "item_id": an_inbox_item,
    # registry
    "model name": a_model_name,
    "models/model_id": lambda world: model_id(world.http, world["model name"]),
    "version": lambda world: "1",
    "alias": lambda world: ALIAS,
    "webhook_id": a_webhook,
    "bin_item_id": a_binned_model,
    "protected_alias": lambda world: "golden-path",
    # deployments, traffic
    "deployment_id": a_deployment,
    "environment": an_environment,
    "secret_name": a_secret,
    "key_id": an_endpoint_key,
    "oauth_client_id": an_oauth_client,
    # alerts
    "rule_id": a_rule,
    "alert_id": an_alert,
    "silence_id": a_silence,
    "dashboard_id": a_dashboard,
    "fleet_view_id": a_fleet_view,
    # notifications
    "channel_id": a_channel,
    "delivery_id": a_dead_letter,
    # flags
    "limit_id": a_rate_limit,
    "flag_key": lambda world: "quick_deploy_enabled",
    "samples/key": lambda world: "breast-cancer",
}
