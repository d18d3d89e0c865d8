"""The first owner: one link, once."""

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient
from tests.make.fixtures import make_platform

from modelyard_server.identity import service as identity

PERSON = {
    "email": "Ada@Example.com",
    "display_name": "Ada",
    "password": "a long enough password",
    "organisation_name": "Analytical Engines",
    "workspace_name": "Difference Team",
}


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request, tmp_path):
    """An installation nobody has an account in."""
    if request.param == "sqlite":
        made = make_platform(f"sqlite:///{tmp_path}/modelyard.db", tmp_path)
    else:
        url, schema = request.getfixturevalue("postgres_url"), f"fresh_{tmp_path.name}"
        schema = "".join(c if c.isalnum() else "_" for c in schema)[:60]
        with request.getfixturevalue("postgres_platform").database.engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        made = make_platform(f"{url}&options=-csearch_path%3D{schema}", tmp_path)
    yield made
    made.database.engine.dispose()


def a_link(platform):
    with platform.database.platform_session() as db:
        return identity.issue_setup_token(db)


def browser(platform):
    return TestClient(platform.app, raise_server_exceptions=False)


def test_the_printed_link_makes_the_first_owner_and_signs_them_in(fresh):
    web = browser(fresh)
    assert web.get("/api/v1/setup").json() == {"needs_owner": True}

    made = web.post("/api/v1/setup", json={**PERSON, "token": a_link(fresh)})

    assert made.status_code == 201, made.text
    me = web.get("/api/v1/session").json()
    assert me == made.json()
    assert me["email"] == "ada@example.com"
    assert [(w["slug"], w["role"]) for w in me["workspaces"]] == [("difference-team", "owner")]
    assert "workspaces.create" in me["permissions"]
    assert web.get("/api/v1/setup").json() == {"needs_owner": False}
    actions = [e["action"] for e in web.get("/api/v1/audit").json()["items"]]
    assert actions == [
        "flags.decide_for_organisation",
        "workspaces.create",
        "identity.complete_setup",
    ]


def test_a_wrong_or_replaced_setup_token_makes_nobody(fresh):
    replaced = a_link(fresh)
    a_link(fresh)
    for token in ("wrong", replaced):
        refused = browser(fresh).post("/api/v1/setup", json={**PERSON, "token": token})
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.setup_token_wrong")
    assert browser(fresh).get("/api/v1/setup").json() == {"needs_owner": True}


def test_a_weak_password_leaves_the_setup_link_usable(fresh):
    token = a_link(fresh)
    weak = browser(fresh).post("/api/v1/setup", json={**PERSON, "token": token, "password": "abc"})
    assert (weak.status_code, weak.json()["code"]) == (422, "identity.weak_password")
    assert weak.json()["fields"][0]["location"] == "body.password"

    assert browser(fresh).post("/api/v1/setup", json={**PERSON, "token": token}).is_success


def test_a_second_setup_is_refused(fresh):
    token = a_link(fresh)
    browser(fresh).post("/api/v1/setup", json={**PERSON, "token": token})
    second = {**PERSON, "email": "eve@example.com", "token": token}
    refused = browser(fresh).post("/api/v1/setup", json=second)
    assert (refused.status_code, refused.json()["code"]) == (409, "identity.setup_done")
