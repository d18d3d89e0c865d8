"""Owners delete workspaces: nothing of one stays in reach, and nothing of another goes."""

import pytest
from sqlalchemy import select, update
from tests.conformance.seeds import SEEDS, World

from modelyard_server.deployments.models import Deployment, Revision
from modelyard_server.kernel import jobs, tenancy
from modelyard_server.kernel.db import Base
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.workspaces.service import every_workspace

WORKSPACES = "/api/3.0/mlflow/workspaces"
MLFLOW = "/api/2.0/mlflow"
OWN = "/api/v1/workspace"


@pytest.fixture
def owner(workspace):
    """Whoever owns an organisation of two workspaces, in the first one."""
    client = workspace.client("owner")
    client.post("/api/v1/workspaces", json={"name": "The other one"})
    return client


def work_off(platform):
    worker = jobs.Worker(platform.database, platform.services)
    while worker.run_one():
        pass


def rows_of(platform, workspace_id):
    with platform.database.session(workspace_id, write=False) as db:
        return {
            name: found
            for name in tenancy.tenant_tables()
            if (table := Base.metadata.tables[name]) is not None
            and (
                found := len(
                    db.execute(select(table).where(table.c.workspace_id == workspace_id)).all()
                )
            )
        }


def test_a_workspace_goes_with_everything_it_holds(platform):
    world, bystander = World.new(platform), World.new(platform)
    for kind in SEEDS:  # one object of every kind there is
        world[kind]
    with platform.database.session(world.space.id) as db:  # their servers have ended
        db.execute(update(Deployment).values(live_number=None, status="stopped"))
        db.execute(update(Revision).values(has_server=False))
    world.http.post("/api/v1/workspaces", json={"name": "The other one"})
    blobs = platform.settings.data_dir / "artifacts" / "cas" / str(world.space.id)
    assert blobs.is_dir()
    kept = rows_of(platform, bystander.space.id)

    gone = world.http.delete(f"{WORKSPACES}/{world.space.slug}?mode=CASCADE")

    assert (gone.status_code, gone.content) == (204, b"")
    assert world.http.get(f"{MLFLOW}/experiments/get?experiment_id=0").status_code == 401
    with platform.database.platform_session(write=False) as db:
        assert world.space.id not in {found for found, _ in every_workspace(db)}
    work_off(platform)
    assert rows_of(platform, world.space.id) == {}
    assert not blobs.exists()
    assert rows_of(platform, bystander.space.id) == kept
    with platform.database.platform_session(write=False) as db:
        actions = db.scalars(
            select(AuditEvent.action).where(AuditEvent.workspace_id == world.space.id)
        ).all()
    assert "workspaces.delete" in actions


def test_an_empty_workspace_goes_and_its_slug_is_free(workspace, owner):
    assert owner.get(f"{OWN}/content").json() == {"held": {}}
    assert owner.delete(f"{OWN}?confirm={workspace.slug}").status_code == 204
    other = workspace.platform.a_workspace().client("owner")
    again = other.post(WORKSPACES, json={"name": workspace.slug})
    assert again.status_code == 201


def test_what_a_workspace_holds_keeps_it(workspace, owner):
    owner.post(f"{MLFLOW}/experiments/create", json={"name": "boxes"})
    owner.post(f"{MLFLOW}/runs/create", json={"experiment_id": "0", "start_time": 1})
    assert owner.get(f"{OWN}/content").json() == {"held": {"experiments": 1, "runs": 1}}
    kept = owner.delete(f"{WORKSPACES}/{workspace.slug}")
    assert (kept.status_code, kept.json()["error_code"]) == (409, "RESOURCE_CONFLICT")
    assert "1 experiments, 1 runs" in kept.json()["message"]
    assert owner.get(f"{WORKSPACES}/{workspace.slug}").status_code == 200


def test_a_running_deployment_is_ended_first(serving):
    serving.deploy()
    owner = serving.workspace.client("owner")
    owner.post("/api/v1/workspaces", json={"name": "The other one"})
    kept = owner.delete(f"{OWN}?confirm={serving.workspace.slug}&content=cascade")
    assert (kept.status_code, kept.json()["code"]) == (409, "workspaces.in_use")
    assert "running" in kept.json()["detail"]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (OWN + "?confirm=another-one", "workspaces.not_confirmed"),
        (OWN, "request.invalid"),
        (OWN + "?confirm={slug}&content=everything", "request.invalid"),
        (WORKSPACES + "/{slug}?mode=SET_DEFAULT", "INVALID_PARAMETER_VALUE"),
        (WORKSPACES + "/{slug}?mode=cascade", "INVALID_PARAMETER_VALUE"),
        (WORKSPACES + "/nowhere", "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_a_deletion_that_is_not_meant_is_refused(workspace, owner, address, code):
    answer = owner.delete(address.format(slug=workspace.slug)).json()
    assert answer.get("code", answer.get("error_code")) == code
    assert owner.get(f"{MLFLOW}/experiments/get?experiment_id=0").status_code == 200


def test_the_last_workspace_and_others_stay(workspace):
    kept = workspace.client("owner").delete(f"{OWN}?confirm={workspace.slug}")
    assert (kept.status_code, kept.json()["code"]) == (409, "workspaces.last_workspace")
    admin = workspace.client("admin")
    for address in (f"{OWN}?confirm={workspace.slug}", f"{WORKSPACES}/{workspace.slug}"):
        assert admin.delete(address).status_code == 403
