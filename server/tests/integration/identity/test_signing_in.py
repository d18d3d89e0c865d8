"""Signing in, staying signed in, and what is refused on the way."""

import datetime as dt

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from modelyard_server.identity import attempts
from modelyard_server.identity import service as identity
from modelyard_server.kernel import clock, trail

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fresh_counters(platform):
    platform.services.get(attempts.AttemptLimits).forget()
    yield
    clock.set_source(None)


@pytest.fixture
def person(workspace):
    return workspace.a_person("developer", password=PASSWORD)


def web(platform, **headers):
    return TestClient(platform.app, headers=headers, raise_server_exceptions=False)


def sign_in(client, email, password=PASSWORD):
    return client.post("/api/v1/session", json={"email": email, "password": password})


def later(**by):
    now = clock.utcnow() + dt.timedelta(**by)
    clock.set_source(lambda: now)


def test_signing_in_gives_a_session_that_signing_out_ends(platform, workspace, person):
    client = web(platform)
    entered = sign_in(client, person.email.upper())
    assert entered.status_code == 201
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    csrf = {"X-CSRF-Token": entered.json()["csrf_token"]}

    assert client.get("/api/v1/session").json()["workspaces"][0]["slug"] == workspace.slug
    secret = dict(client.cookies)
    assert client.delete("/api/v1/session", headers=csrf).status_code == 204
    client.cookies.update(secret)
    assert client.get("/api/v1/session").json()["code"] == "identity.session_ended"


def test_signing_in_again_ends_the_browsers_earlier_session(platform, person):
    client = web(platform)
    sign_in(client, person.email)
    earlier = dict(client.cookies)
    sign_in(client, person.email)

    assert dict(client.cookies) != earlier
    old = web(platform)
    old.cookies.update(earlier)
    assert old.get("/api/v1/session").status_code == 401


def test_unknown_people_and_wrong_passwords_get_the_same_answer(platform, person):
    unknown = sign_in(web(platform), "nobody@example.com").json()
    wrong = sign_in(web(platform), person.email, "a wrong password").json()
    unknown.pop("request_id"), wrong.pop("request_id")
    assert unknown == wrong
    assert wrong["code"] == "identity.wrong_credentials"


@pytest.mark.parametrize("has_account", [True, False])
def test_five_wrong_passwords_lock_the_address_for_a_while(platform, workspace, has_account):
    email = f"locked-{workspace.slug}-{has_account}@example.com"
    if has_account:
        email = workspace.a_person("viewer", password=PASSWORD).email
    for _ in range(attempts.FREE_FAILURES):
        assert sign_in(web(platform), email, "a wrong password").status_code == 401

    locked = sign_in(web(platform), email)

    assert (locked.status_code, locked.json()["code"]) == (429, "identity.too_many_attempts")
    assert 1 <= int(locked.headers["retry-after"]) <= attempts.FIRST_DELAY.total_seconds()
    later(seconds=16)
    assert sign_in(web(platform), email).status_code == (201 if has_account else 401)


def test_a_refused_sign_in_is_in_the_trail(platform, workspace, person):
    sign_in(web(platform), person.email, "a wrong password")
    with platform.database.platform_session(write=False) as db:
        rows = select(trail.AuditEvent).where(
            trail.AuditEvent.workspace_id == workspace.id,
            trail.AuditEvent.action.startswith("identity."),
        )
        row = db.scalars(rows).one()
    assert (row.action, row.result, row.actor_id) == ("identity.sign_in", "denied", person.id)


def test_a_session_ends_when_idle_and_at_the_latest_after_a_week(platform, person):
    client = web(platform)
    sign_in(client, person.email)
    later(hours=13)
    assert client.get("/api/v1/session").json()["code"] == "identity.session_ended"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"X-CSRF-Token": "ä"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_an_unsafe_request_of_another_site_is_refused(workspace, headers):
    browser = workspace.browser("admin")
    raw = {k.encode(): v.encode() for k, v in headers.items()}
    refused = browser.post("/api/v1/tokens", json={"name": "x", "role": "viewer"}, headers=raw)
    assert (refused.status_code, refused.json()["code"]) == (403, "identity.csrf")


def test_another_site_cannot_sign_somebody_in(platform, person):
    refused = sign_in(web(platform, **{"Sec-Fetch-Site": "cross-site"}), person.email)
    assert refused.json()["code"] == "identity.csrf"


def test_a_changed_password_ends_the_other_sessions(platform, workspace, person):
    here, there = workspace.browser(of=person), workspace.browser(of=person)
    body = {"current_password": "a wrong password", "new_password": "a better password"}
    refused = here.post("/api/v1/me/password", json=body)
    assert refused.json()["code"] == "identity.current_password_wrong"

    body["current_password"] = PASSWORD
    assert here.post("/api/v1/me/password", json=body).status_code == 204

    assert here.get("/api/v1/session").status_code == 200
    assert there.get("/api/v1/session").status_code == 401
    assert sign_in(web(platform), person.email, "a better password").status_code == 201


def test_a_reset_link_works_once_and_ends_every_session(platform, workspace, person):
    browser = workspace.browser(of=person)
    with platform.database.platform_session() as db:
        token = identity.issue_reset_link(db, person.email)
    path, body = f"/api/v1/password-resets/{token}", {"password": "a better password"}
    assert web(platform).post(path, json={"password": "short"}).status_code == 422
    assert web(platform).post(path, json=body).status_code == 204
    assert web(platform).post(path, json=body).json()["code"] == "identity.link_unusable"
    assert browser.get("/api/v1/session").status_code == 401
    assert sign_in(web(platform), person.email, "a better password").status_code == 201


def test_a_reset_link_is_too_old_after_an_hour(platform, person):
    with platform.database.platform_session() as db:
        token = identity.issue_reset_link(db, person.email)
    later(minutes=61)
    late = web(platform).post(f"/api/v1/password-resets/{token}", json={"password": PASSWORD})
    assert late.json()["code"] == "identity.link_unusable"


def test_asking_for_a_reset_never_tells_who_has_an_account(platform, person):
    path = "/api/v1/password-resets"
    answers = [
        web(platform).post(path, json={"email": email})
        for email in (person.email, "nobody@example.com")
    ]
    assert [(a.status_code, a.content) for a in answers] == [(202, b"null")] * 2


def test_my_sessions_are_listed_and_can_be_ended(workspace, person):
    here, there = workspace.browser(of=person), workspace.browser(of=person)
    found = here.get("/api/v1/me/sessions").json()
    other = next(s["id"] for s in found if not s["is_current"])
    assert here.delete(f"/api/v1/me/sessions/{other}").status_code == 204
    assert there.get("/api/v1/session").status_code == 401
    assert here.delete(f"/api/v1/me/sessions/{other}").status_code == 404


def test_a_token_cannot_touch_the_account_of_its_owner(workspace):
    refused = workspace.client("admin").get("/api/v1/me/sessions")
    assert refused.json()["code"] == "identity.browser_session_needed"
