"""Members, invitations and workspaces."""

import datetime as dt

import pytest
from starlette.testclient import TestClient

from modelyard_server.kernel import clock

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def real_clock_afterwards():
    yield
    clock.set_source(None)


def anybody(workspace):
    return TestClient(workspace.platform.app, raise_server_exceptions=False)


def invited(workspace, email, role="developer"):
    made = workspace.client("admin").post(
        "/api/v1/invitations", json={"email": email, "role": role}
    )
    assert made.status_code == 201, made.text
    return "/api/v1/invitation-links/" + made.json()["link"].rpartition("/")[2]


def an_address(workspace):
    return f"guest-{workspace.slug}@example.com"


def test_an_invited_person_makes_an_account_and_is_in(workspace):
    link = invited(workspace, an_address(workspace).upper())
    guest = anybody(workspace)
    preview = guest.get(link).json()
    assert (preview["email"], preview["has_account"]) == (an_address(workspace), False)

    joined = guest.post(link, json={"display_name": "Grace", "password": PASSWORD})

    assert joined.status_code == 201, joined.text
    assert joined.json()["workspaces"][0]["role"] == "developer"
    assert guest.get("/api/v1/members").json()["total"] == 2


def test_an_invitation_works_once(workspace):
    link = invited(workspace, an_address(workspace))
    body = {"display_name": "Grace", "password": PASSWORD}
    assert anybody(workspace).post(link, json=body).status_code == 201
    again = anybody(workspace).post(link, json=body)
    assert (again.status_code, again.json()["code"]) == (404, "workspaces.invitation_not_found")


def test_an_invitation_expires_after_a_week(workspace):
    link = invited(workspace, an_address(workspace))
    now = clock.utcnow() + dt.timedelta(days=8)
    clock.set_source(lambda: now)
    assert anybody(workspace).get(link).status_code == 404
    late = anybody(workspace).post(link, json={"password": PASSWORD})
    assert late.json()["code"] == "workspaces.invitation_not_found"


def test_whoever_has_an_account_proves_it_to_join(platform, workspace):
    person = platform.a_workspace().a_person("viewer", password=PASSWORD)
    link = invited(workspace, person.email)
    thief = anybody(workspace).post(link, json={"password": "a wrong password"})
    assert thief.json()["code"] == "identity.wrong_credentials"
    joined = anybody(workspace).post(link, json={"password": PASSWORD}).json()
    assert [w["role"] for w in joined["workspaces"]] == ["viewer", "developer"]


def test_a_withdrawn_or_replaced_invitation_is_gone(workspace):
    first = invited(workspace, an_address(workspace))
    second = invited(workspace, an_address(workspace))
    admin = workspace.client("admin")
    (row,) = admin.get("/api/v1/invitations").json()["items"]
    assert admin.delete(f"/api/v1/invitations/{row['id']}").status_code == 204
    assert [anybody(workspace).get(link).status_code for link in (first, second)] == [404, 404]


@pytest.mark.parametrize(
    ("email", "status", "code"),
    [(None, 409, "workspaces.already_member"), ("nonsense", 422, "identity.malformed_email")],
)
def test_members_and_nonsense_are_not_invited(workspace, email, status, code):
    body = {"email": email or workspace.a_person("viewer").email, "role": "admin"}
    refused = workspace.client("admin").post("/api/v1/invitations", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_the_last_admin_stays(workspace):
    only = workspace.a_person("admin")
    admin = workspace.browser(of=only)
    path = f"/api/v1/members/{only.id}"
    for refused in (admin.delete(path), admin.patch(path, json={"role": "viewer"})):
        assert (refused.status_code, refused.json()["code"]) == (409, "workspaces.last_admin")
    workspace.a_person("admin")
    assert admin.patch(path, json={"role": "viewer"}).json()["role"] == "viewer"


def test_the_last_owner_stays_and_admins_do_not_touch_owners(workspace):
    owner = workspace.a_person("owner")
    path = f"/api/v1/members/{owner.id}"
    by_admin = workspace.client("admin").delete(path)
    assert by_admin.json()["code"] == "workspaces.owner_protected"
    by_owner = workspace.browser(of=owner).delete(path)
    assert by_owner.json()["code"] == "workspaces.last_admin"


def test_a_removed_members_tokens_and_sessions_reach_nothing(workspace):
    person = workspace.a_person("developer")
    token, browser = workspace.a_token("developer", of=person), workspace.browser(of=person)
    workspace.client("admin").delete(f"/api/v1/members/{person.id}")
    headers = {"Authorization": f"Bearer {token}"}
    assert anybody(workspace).get("/api/v1/members", headers=headers).status_code == 401
    assert browser.get("/api/v1/members").status_code == 404


def test_a_demoted_members_token_loses_the_rights_too(workspace):
    person = workspace.a_person("admin")
    headers = {"Authorization": f"Bearer {workspace.a_token('admin', of=person)}"}
    workspace.client("admin").patch(f"/api/v1/members/{person.id}", json={"role": "viewer"})
    assert anybody(workspace).get("/api/v1/audit", headers=headers).status_code == 403


def test_an_owner_makes_another_workspace_with_what_belongs_in_it(workspace):
    owner = workspace.browser("owner")
    made = owner.post("/api/v1/workspaces", json={"name": f"Zweites Team äöü {workspace.slug}"})
    assert made.status_code == 201, made.text
    slug = made.json()["slug"]
    assert slug.startswith("zweites-team-aou")
    there = {"X-Modelyard-Workspace": slug}
    actions = [e["action"] for e in owner.get("/api/v1/audit", headers=there).json()["items"]]
    assert actions == ["workspaces.create"]
    found = owner.get("/api/v1/experiments", headers=there).json()["items"]
    assert [row["id"] for row in found] == ["0"]
    taken = owner.post("/api/v1/workspaces", json={"name": "x", "slug": slug})
    assert (taken.status_code, taken.json()["code"]) == (409, "workspaces.slug_taken")


@pytest.mark.parametrize("slug", ["a", "-ab", "UPPER", "a b", "api", "a/b"])
def test_a_slug_must_fit_an_address(workspace, slug):
    made = workspace.browser("owner").post("/api/v1/workspaces", json={"name": "x", "slug": slug})
    assert (made.status_code, made.json()["code"]) == (422, "workspaces.slug_malformed")


def test_a_workspace_one_is_not_in_looks_like_none(platform, workspace):
    browser, other = workspace.browser("owner"), platform.a_workspace()
    answers = [
        browser.get("/api/v1/members", headers={"X-Modelyard-Workspace": slug}).json()
        for slug in (other.slug, "no-such-workspace")
    ]
    assert [a.pop("request_id") is not None for a in answers] == [True, True]
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "workspaces.not_found"
