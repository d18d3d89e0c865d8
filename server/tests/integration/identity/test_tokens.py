"""API tokens: shown once, bound to a workspace and a role, revocable."""

import datetime as dt

from starlette.testclient import TestClient

from modelyard_server.kernel import clock

TOKENS = "/api/v1/tokens"


def holder(workspace, token, **headers):
    sent = {"Authorization": f"Bearer {token}", **headers}
    return TestClient(workspace.platform.app, headers=sent, raise_server_exceptions=False)


def test_a_token_is_shown_once_and_acts_in_its_workspace(workspace):
    owner = workspace.client("developer")
    made = owner.post(TOKENS, json={"name": "laptop", "role": "developer"}).json()
    assert made["token"].startswith(f"mlp_{made['public_id']}_")
    listed = owner.get(TOKENS).json()["items"]
    assert made["id"] in {row["id"] for row in listed}
    assert all("token" not in row for row in listed)
    me = holder(workspace, made["token"]).get("/api/v1/session").json()
    assert [w["slug"] for w in me["workspaces"]] == [workspace.slug]


def test_nobody_makes_a_token_above_their_role(workspace):
    refused = workspace.client("viewer").post(TOKENS, json={"name": "x", "role": "developer"})
    assert (refused.status_code, refused.json()["code"]) == (403, "workspaces.role_too_high")


def test_a_viewers_token_of_an_admin_stays_a_viewers(workspace):
    made = workspace.client("admin").post(TOKENS, json={"name": "x", "role": "viewer"}).json()
    refused = holder(workspace, made["token"]).get("/api/v1/audit")
    assert refused.json()["code"] == "workspaces.not_allowed"


def test_a_revoked_token_and_an_expired_one_are_refused(workspace):
    admin = workspace.client("admin")
    ends = (clock.utcnow() + dt.timedelta(hours=1)).isoformat()
    lasting = admin.post(TOKENS, json={"name": "a", "role": "viewer"}).json()
    ending = admin.post(TOKENS, json={"name": "b", "role": "viewer", "expires_at": ends}).json()
    assert admin.delete(f"{TOKENS}/{lasting['id']}").status_code == 204
    assert admin.delete(f"{TOKENS}/{lasting['id']}").status_code == 404
    now = clock.utcnow() + dt.timedelta(hours=2)
    clock.set_source(lambda: now)
    try:
        for made in (lasting, ending):
            refused = holder(workspace, made["token"]).get(TOKENS)
            assert (refused.status_code, refused.json()["code"]) == (401, "identity.invalid_token")
    finally:
        clock.set_source(None)


def test_a_token_made_with_a_token_cannot_outlive_it(workspace):
    ends = (clock.utcnow() + dt.timedelta(hours=1)).isoformat()
    body = {"name": "short", "role": "developer", "expires_at": ends}
    short = workspace.client("admin").post(TOKENS, json=body).json()["token"]
    refused = holder(workspace, short).post(TOKENS, json={"name": "long", "role": "viewer"})
    assert refused.json()["code"] == "identity.token_lifetime"


def test_a_token_of_one_workspace_does_not_open_another(platform, workspace):
    other = platform.a_workspace()
    stolen = workspace.a_token("owner")
    refused = holder(workspace, stolen, **{"X-Modelyard-Workspace": other.slug}).get(TOKENS)
    assert (refused.status_code, refused.json()["code"]) == (422, "workspaces.mismatch")
    headers = {"X-Modelyard-Workspace": workspace.slug, "X-MLFLOW-WORKSPACE": other.slug}
    two = holder(workspace, stolen, **headers).get(TOKENS)
    assert two.json()["code"] == "workspaces.mismatch"


def test_only_admins_see_and_end_the_tokens_of_others(workspace):
    theirs = workspace.client("developer").post(TOKENS, json={"name": "a", "role": "viewer"})
    token_id = theirs.json()["id"]
    nosy = workspace.client("developer")
    assert token_id not in nosy.get(TOKENS).text
    assert nosy.delete(f"{TOKENS}/{token_id}").status_code == 404
    admin = workspace.client("admin")
    assert token_id in admin.get(TOKENS).text
    assert admin.delete(f"{TOKENS}/{token_id}").status_code == 204
