"""Flags through the API: what they hide, who may change them, and what is left in the audit log."""

from typing import Any

import pytest
from sqlalchemy import delete, select
from tests.make.deployments import Serving
from tests.make.fixtures import Platform, TeamSpace

from modelyard_server.flags.models import FlagOverride, FlagRule
from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.workspaces import service as workspaces
from modelyard_server.workspaces.models import Organisation, Workspace

FLAG = "/api/v1/flags/quick_deploy_enabled"


def _flag(space: TeamSpace) -> dict[str, Any]:
    [found] = space.client("admin").get("/api/v1/flags/report").json()
    flag: dict[str, Any] = found
    return flag


def _organisation(space: TeamSpace, is_on: bool | None) -> None:
    answer = space.client("admin").put(f"{FLAG}/organisation", json={"is_on": is_on})
    assert answer.status_code == 200, answer.text


@pytest.fixture
def operators(platform: Platform, workspace: TeamSpace) -> Any:
    """Make the workspace one of the organisation that runs the installation."""
    with platform.database.platform_session() as db:
        first = workspaces.first_organisation(db)
        row = db.get_one(Workspace, workspace.id)
        row.organisation_id = first
        db.execute(delete(FlagOverride).where(FlagOverride.organisation_id == first))
    yield workspace
    with platform.database.platform_session() as db:
        db.execute(delete(FlagRule))


def test_while_the_flag_is_off_quick_deploy_does_not_exist(serving: Serving) -> None:
    _organisation(serving.workspace, False)
    client, body = serving.client, {"model_id": str(serving.model_id)}
    hidden = client.post("/api/v1/serving/auto-config", json=body)
    refused = client.post("/api/v1/serving/deploy", json={**body, "use_auto_config": True})
    config = {"engine": "sklearn", "cpu": 1, "memory_gb": 1}
    manual = client.post("/api/v1/serving/deploy", json={**body, "config": config})
    assert (hidden.status_code, hidden.json()["code"]) == (404, "flags.off")
    assert (refused.status_code, refused.json()["code"]) == (404, "flags.off")
    assert (manual.status_code, manual.json()["auto_configured"]) == (202, False)
    assert client.get("/api/v1/flags").json()["flags"] == {"quick_deploy_enabled": False}


def test_a_next_revision_stays_as_it_was_while_the_flag_is_off(serving: Serving) -> None:
    config = {"engine": "python", "cpu": 2, "memory_gb": 2}
    deployment = serving.deploy(use_auto_config=False, config=config)
    _organisation(serving.workspace, False)
    serving.register()
    made = serving.post(deployment["id"], "revisions", {"version": 2})
    assert made["config"] == {**config, "gpu": 0}
    assert made["auto_configured"] is False


def test_a_person_wins_over_their_organisation_and_the_way_back_is_null(
    workspace: TeamSpace,
) -> None:
    person = workspace.a_person("developer")
    theirs = workspace.browser(of=person)
    admin = workspace.client("admin")

    def seen() -> bool:
        return bool(theirs.get("/api/v1/flags").json()["flags"]["quick_deploy_enabled"])

    assert seen()
    answer = admin.put(f"{FLAG}/people/{person.id}", json={"is_on": False})
    assert answer.json()["people"] == [
        {"user_id": str(person.id), "name": person.display_name, "is_on": False}
    ]
    assert not seen()
    admin.put(f"{FLAG}/people/{person.id}", json={"is_on": None})
    assert seen()
    _organisation(workspace, None)
    assert not seen()
    assert _flag(workspace)["why"] == "Off by default."


def test_the_installation_is_changed_by_its_operator_only(
    workspace: TeamSpace, operators: TeamSpace, platform: Platform
) -> None:
    body = {"default_on": False, "percentage": 100}
    stranger = platform.a_workspace()
    refused = stranger.client("owner").put(FLAG, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "flags.not_operator")

    answer = operators.client("owner").put(FLAG, json=body)
    assert answer.status_code == 200, answer.text
    assert _flag(operators)["is_on"] is True
    killed = operators.client("owner").put(FLAG, json={"default_on": True, "is_killed": True})
    assert "kill switch" in killed.json()["why"]
    assert (
        not stranger.client("viewer").get("/api/v1/flags").json()["flags"]["quick_deploy_enabled"]
    )
    wrong = {"default_on": True, "starts_at": "2026-12-02T00:00:00Z"}
    wrong["ends_at"] = "2026-12-01T00:00:00Z"
    assert operators.client("owner").put(FLAG, json=wrong).json()["code"] == (
        "flags.schedule_invalid"
    )


def test_every_change_is_in_the_audit_log_with_what_was_before(workspace: TeamSpace) -> None:
    _organisation(workspace, False)
    with workspace.platform.database.platform_session(write=False) as db:
        rows = db.scalars(
            select(AuditEvent)
            .where(AuditEvent.workspace_id == workspace.id)
            .where(AuditEvent.action == "flags.decide_for_organisation")
            .order_by(AuditEvent.at)
        ).all()
    assert [row.after and row.after["is_on"] for row in rows] == [True, False]
    assert rows[-1].before == {"is_on": True}


def test_an_organisation_that_nobody_set_up_has_it_off(platform: Platform) -> None:
    space = platform.a_workspace()
    with platform.database.platform_session() as db:
        row = db.get_one(Workspace, space.id)
        db.execute(delete(FlagOverride).where(FlagOverride.organisation_id == row.organisation_id))
        assert db.get(Organisation, row.organisation_id) is not None
    assert space.client("viewer").get("/api/v1/flags").json()["flags"] == {
        "quick_deploy_enabled": False
    }
