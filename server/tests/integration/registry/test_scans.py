"""Verdicts of real registrations: what is blocked cannot be served, what is suspicious waits."""

import os
import pickle

import pytest
from sqlalchemy import select
from tests.make.formats import FORMATS
from tests.make.malice import Calls
from tests.make.registry import MLFLOW, a_package, files_of, model_id, registered

from modelyard_server.kernel.trail import AuditEvent
from modelyard_server.registry import preparation, verdicts
from modelyard_server.registry.errors import VersionNotDeployable

BLOCKED = a_package(**{"model.pkl": pickle.dumps(Calls(os.system, "touch never"))})
SUSPICIOUS = a_package(**{"model.pkl": b"cmy_company.models\nChurn\n(tR."})


def scanned(workspace, client, files, name="churn"):
    """Register and scan; give the model's address."""
    registered(client, name, files)
    known = model_id(client, name)
    services = workspace.platform.services
    found, folder = preparation.write_out(services, workspace.id, known, 1)
    verdicts.ensure(services, workspace.id, found.digest, folder)
    return f"/api/v1/models/{known}"


def deploy(client, address):
    body = {"model_id": address.rpartition("/")[2], "name": "live", "use_auto_config": True}
    return client.post("/api/v1/serving/deploy", json=body)


def test_what_is_blocked_is_never_served(workspace):
    client = workspace.client("admin")
    address = scanned(workspace, client, BLOCKED)
    shown = client.get(f"{address}/versions/1").json()
    assert shown["scan"]["verdict"] == "blocked"
    assert "system" in shown["obstacle"]
    refused = deploy(client, address)
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "registry.version_not_deployable",
    )
    release = client.post(
        f"{address}/versions/1/scan/release", json={"reason": "I trust everybody."}
    )
    assert (release.status_code, release.json()["code"]) == (409, "registry.nothing_to_release")
    known = model_id(client, "churn")
    with pytest.raises(VersionNotDeployable):
        preparation.materialise(workspace.platform.services, workspace.id, known, 1)


def test_what_is_suspicious_waits_for_an_admins_reason(workspace):
    developer, admin = workspace.client("developer"), workspace.client("admin")
    address = scanned(workspace, developer, SUSPICIOUS)
    path, body = f"{address}/versions/1/scan/release", {"reason": "Our own package, reviewed."}
    assert deploy(developer, address).status_code == 409
    assert developer.post(path, json=body).status_code == 403
    assert admin.post(path, json={"reason": "ok"}).status_code == 422

    released = admin.post(path, json=body).json()

    assert (released["obstacle"], released["scan"]["release_reason"]) == (None, body["reason"])
    assert deploy(developer, address).status_code == 202
    with workspace.platform.database.platform_session(write=False) as db:
        kept = db.scalars(
            select(AuditEvent).where(
                AuditEvent.workspace_id == workspace.id,
                AuditEvent.action == "registry.release_scan",
            )
        ).one()
    assert kept.after["reason"] == body["reason"]
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).json()["code"] == "registry.nothing_to_release"


def test_a_verdict_belongs_to_content(workspace):
    client = workspace.client("admin")
    address = scanned(workspace, client, SUSPICIOUS)
    client.post(f"{address}/versions/1/scan/release", json={"reason": "Our own, reviewed."})
    registered(client, "other", SUSPICIOUS)
    same = client.get(f"/api/v1/models/{model_id(client, 'other')}/versions/1").json()
    assert (same["scan"]["verdict"], same["obstacle"]) == ("suspicious", None)
    registered(client, "other", {**SUSPICIOUS, "notes.txt": b"changed"})
    changed = client.get(f"/api/v1/models/{model_id(client, 'other')}/versions/2").json()
    assert (changed["scan"], changed["obstacle"]) == (None, None)


@pytest.mark.parametrize("name", ["onnx/onnx", "opaque"])
def test_a_bare_file_is_accepted_recognised_and_not_served(workspace, tmp_path, name):
    client = workspace.client("developer")
    FORMATS[name](tmp_path)
    made = registered(client, "bare", files_of(tmp_path))
    assert made["status"] == "READY"
    address = f"/api/v1/models/{model_id(client, 'bare')}"
    services = workspace.platform.services
    found, folder = preparation.write_out(services, workspace.id, model_id(client, "bare"), 1)
    verdicts.ensure(services, workspace.id, found.digest, folder)
    shown = client.get(f"{address}/versions/1").json()
    assert (shown["scan"]["format"], shown["scan"]["verdict"]) == (name, "clean")
    assert "log_model" in shown["obstacle"]
    assert deploy(client, address).status_code == 409
    uri = client.get(f"{MLFLOW}/model-versions/get-download-uri?name=bare&version=1")
    assert uri.status_code == 200
