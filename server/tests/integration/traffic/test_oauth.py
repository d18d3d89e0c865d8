"""OAuth clients: made, rotated and revoked; their access tokens, and what is refused on the way."""

import base64
import datetime as dt
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import select
from starlette.testclient import TestClient
from tests.make.access_tokens import a_token
from tests.make.deployments import Serving

from modelyard_protocol.routing import OAuth
from modelyard_runtime.gateway.access_tokens import ReadTokens
from modelyard_server.identity.attempts import AttemptLimits
from modelyard_server.kernel.clock import utcnow
from modelyard_server.traffic import service
from modelyard_server.traffic.models import OAuthClient

CLIENTS = "/api/v1/oauth-clients"


@pytest.fixture
def anybody(serving: Serving) -> Iterator[TestClient]:
    with TestClient(serving.platform.app, raise_server_exceptions=False) as http:
        serving.platform.services.get(AttemptLimits).forget()
        yield http


def make(serving: Serving, status: int = 201, **facts: Any) -> dict[str, Any]:
    answer = serving.client.post(CLIENTS, json={"name": "shop", **facts})
    assert answer.status_code == status, answer.text
    made: dict[str, Any] = answer.json()
    return made


def ask(anybody: TestClient, made: dict[str, Any], **form: Any) -> httpx.Response:
    body = {"grant_type": "client_credentials", **form}
    return anybody.post(
        "/oauth/token",
        data={name: value for name, value in body.items() if value is not None},
        auth=(made["client_id"], made["client_secret"]),
    )


def trusted(serving: Serving) -> OAuth | None:
    """Give what the node believes of this workspace's clients."""
    trust = serving.node.desired().oauth
    own = [one for one in trust.clients if one.workspace == serving.workspace.slug] if trust else []
    return trust.model_copy(update={"clients": tuple(own)}) if trust and own else None


def events(serving: Serving, row_id: str) -> list[str]:
    found = serving.workspace.client("admin").get("/api/v1/audit", params={"object_id": row_id})
    return [event["action"] for event in found.json()["items"]]


def test_a_client_is_shown_once_and_the_node_believes_its_tokens(
    serving: Serving, anybody: TestClient
) -> None:
    serving.deploy()
    assert trusted(serving) is None
    made = make(serving, scopes=["predict", "feedback"], environments=["production", "dev"])
    listed = serving.client.get(CLIENTS).json()
    assert listed["total"] == 1
    [shown] = listed["items"]
    assert shown == {name: value for name, value in made.items() if name != "client_secret"}
    assert shown["environments"] == ["dev", "production"]

    answer = ask(anybody, made)
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["scope"]) == ("Bearer", "feedback predict")
    assert 0 < told["expires_in"] <= 3600

    trust = trusted(serving)
    assert trust is not None
    claims = ReadTokens().read(told["access_token"], trust, time.time())
    [client] = [one for one in trust.clients if one.client_id == claims.client_id]
    assert (client.id, client.workspace) == (made["id"], serving.workspace.slug)
    assert made["client_secret"] not in trust.model_dump_json()
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        assert made["client_secret"] not in str(vars(db.scalars(select(OAuthClient)).one()))


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # most libraries know only this name
def test_any_library_reads_the_tokens_by_the_published_metadata(
    serving: Serving, anybody: TestClient
) -> None:
    about = anybody.get("/.well-known/oauth-authorization-server").json()
    assert about["grant_types_supported"] == ["client_credentials"]
    assert about["issuer"] == serving.platform.settings.browser_url
    keys = KeySet.import_key_set(anybody.get(about["jwks_uri"]).json())
    made = make(serving)
    token = jwt.decode(ask(anybody, made).json()["access_token"], keys, algorithms=["EdDSA"])
    claims = {"iss": about["issuer"], "aud": serving.platform.settings.inference_url}
    rules = {name: {"essential": True, "value": value} for name, value in claims.items()}
    jwt.JWTClaimsRegistry(**rules).validate(token.claims)
    assert token.header["typ"] == "at+jwt"
    assert token.claims["sub"] == token.claims["client_id"] == made["client_id"]
    assert token.claims["exp"] - token.claims["iat"] == 3600
    assert anybody.get("/oauth/token").status_code == 404


def test_the_secret_may_stand_in_the_body_and_the_scope_be_narrowed(
    serving: Serving, anybody: TestClient
) -> None:
    made = make(serving, scopes=["predict", "feedback"])
    form = {"grant_type": "client_credentials", "scope": "feedback"}
    own = {name: made[name] for name in ("client_id", "client_secret")}
    answer = anybody.post("/oauth/token", data={**form, **own})
    assert (answer.status_code, answer.json()["scope"]) == (200, "feedback")


def _basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


REFUSED: list[tuple[dict[str, Any], dict[str, str], int, str]] = [
    ({"grant_type": None}, {}, 400, "invalid_request"),
    ({"grant_type": ""}, {}, 400, "invalid_request"),
    ({"grant_type": "password", "username": "a"}, {}, 400, "unsupported_grant_type"),
    ({"grant_type": "authorization_code"}, {}, 400, "unsupported_grant_type"),
    ({"scope": "admin"}, {}, 400, "invalid_scope"),
    ({"scope": "predict feedback"}, {}, 400, "invalid_scope"),
    ({"client_secret": "mys_x"}, {}, 401, "invalid_client"),
    ({"client_secret": None}, {}, 401, "invalid_client"),
    ({"client_id": "myc_1_nobody"}, {}, 401, "invalid_client"),
    ({"client_id": "nobody"}, {}, 401, "invalid_client"),
    ({"client_id": None, "client_secret": None}, {}, 401, "invalid_client"),
    ({}, _basic("myc_1_a:b"), 400, "invalid_request"),
    ({"client_secret": None}, _basic("myc_1_a:b"), 400, "invalid_request"),
    ({"client_id": None, "client_secret": None}, _basic("myc_1_a:b"), 401, "invalid_client"),
    ({"client_id": None, "client_secret": None}, _basic("nocolon"), 401, "invalid_client"),
    ({}, {"Content-Type": "application/json"}, 400, "invalid_request"),
    (
        {"client_id": None, "client_secret": None},
        {"Authorization": "Bearer x"},
        401,
        "invalid_client",
    ),
]


def test_requests_for_tokens_are_refused_as_the_standard_says(
    serving: Serving, anybody: TestClient
) -> None:
    made = make(serving)
    own = {name: made[name] for name in ("client_id", "client_secret")}
    for form, headers, status, error in REFUSED:
        body = {"grant_type": "client_credentials", **own, **form}
        sent = {name: value for name, value in body.items() if value is not None}
        answer = anybody.post("/oauth/token", data=sent, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["error"]) == (status, error), (form, headers)
        assert told["error_description"]
        assert (told["status"], told["code"]) == (status, f"traffic.{error}")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        challenge = answer.headers.get("www-authenticate", "")
        assert challenge.startswith("Basic ") is (status == 401)


def test_a_parameter_given_twice_or_too_much_of_them_is_refused(
    serving: Serving, anybody: TestClient
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    grant = "grant_type=client_credentials"
    for body in (f"{grant}&{grant}", f"{grant}&a={'x' * 20_000}", f"{grant}&client_id=%ff"):
        answer = anybody.post("/oauth/token", content=body, headers=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), body[:60]


def test_attempts_are_limited(serving: Serving, anybody: TestClient) -> None:
    limits = serving.platform.services.get(AttemptLimits)
    made = make(serving) | {"client_secret": "mys_guess"}
    assert ask(anybody, made).status_code == 401
    for _ in range(119):
        limits.hit("token", "testclient")
    last = ask(anybody, made)
    assert (last.status_code, last.json()["error"]) == (429, "temporarily_unavailable")
    assert int(last.headers["retry-after"]) >= 1
    limits.forget()


def test_a_revoked_client_is_gone_from_the_node_and_gets_no_token(
    serving: Serving, anybody: TestClient
) -> None:
    serving.deploy()
    made = make(serving)
    assert ask(anybody, made).status_code == 200
    assert ask(anybody, made).status_code == 200
    assert serving.client.delete(f"{CLIENTS}/{made['id']}").status_code == 204
    assert serving.client.delete(f"{CLIENTS}/{made['id']}").status_code == 404
    assert trusted(serving) is None
    assert ask(anybody, made).json()["error"] == "invalid_client"
    assert serving.client.get(CLIENTS).json()["items"] == []
    assert events(serving, made["id"]) == [
        "traffic.revoke_oauth_client",
        "traffic.issue_access_token",  # once an hour
        "traffic.create_oauth_client",
    ]


def test_a_rotated_secret_works_beside_the_new_one_for_a_while_or_not_at_all(
    serving: Serving, anybody: TestClient
) -> None:
    serving.deploy()
    first = make(serving)
    path = f"{CLIENTS}/{first['id']}/rotate"
    second = serving.client.post(path, json={"overlap_hours": 2}).json()
    assert second["client_secret"] != first["client_secret"]
    assert second["client_id"] == first["client_id"]
    assert {ask(anybody, one).status_code for one in (first, second)} == {200}
    trust = trusted(serving)
    assert trust is not None
    [client] = trust.clients
    assert client.secret_number == 2
    assert client.old_secret_until is not None
    assert client.old_secret_until > utcnow() + dt.timedelta(hours=1.9)
    by_first = ReadTokens().read(ask(anybody, first).json()["access_token"], trust, time.time())
    assert by_first.secret_number == 1

    third = serving.client.post(path, json={"overlap_hours": 0}).json()
    asked = [ask(anybody, one).status_code for one in (first, second, third)]
    assert asked == [401, 401, 200]
    trust = trusted(serving)
    assert trust is not None
    assert [(c.secret_number, c.old_secret_until) for c in trust.clients] == [(3, None)]

    with serving.platform.database.session(serving.workspace.id) as db:
        row = db.scalars(select(OAuthClient)).one()
        row.old_secret_sha256, row.old_secret_until = row.secret_sha256, utcnow()
        row.secret_sha256 = "0" * 64
    assert ask(anybody, third).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"scopes": []}, 422),
        ({"scopes": ["admin"]}, 422),
        ({"environments": []}, 422),
        ({"environments": ["nowhere"]}, 422),
        ({"requests_per_minute": 0}, 422),
        ({"client_secret": "mine"}, 422),
    ],
)
def test_a_client_that_makes_no_sense_is_refused(
    serving: Serving, body: dict[str, Any], status: int
) -> None:
    make(serving, status, **body)
    assert serving.client.get(CLIENTS).json()["items"] == []


def test_clients_are_listed_newest_first_by_pages(serving: Serving) -> None:
    made = [make(serving, name=f"shop {number}")["id"] for number in range(3)]
    first = serving.client.get(CLIENTS, params={"limit": 2}).json()
    rest = serving.client.get(CLIENTS, params={"cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert (first["total"], rest["next_cursor"]) == (3, None)
    assert serving.workspace.client("viewer").get(CLIENTS).status_code == 200
    refused = serving.workspace.client("viewer").post(CLIENTS, json={"name": "x"})
    assert refused.json()["code"] == "workspaces.not_allowed"


def test_records_name_clients_and_their_last_use_only_moves_forward(serving: Serving) -> None:
    deployment, made = serving.deploy(), make(serving)
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    for at in (late, early):
        with serving.platform.database.session(serving.workspace.id) as db:
            service.note_use(db, {made["id"]: at, "console": at})
    [listed] = serving.client.get(CLIENTS).json()["items"]
    assert dt.datetime.fromisoformat(listed["last_used_at"]) == late
    serving.client.delete(f"{CLIENTS}/{made['id']}")
    with serving.platform.database.session(serving.workspace.id, write=False) as db:
        names = service.names_of_keys(db, uuid.UUID(deployment["id"]))
    assert names[made["id"]] == "shop"


def test_a_foreign_token_is_no_token_of_ours(serving: Serving, anybody: TestClient) -> None:
    """Signed by another key under our own names."""
    deployment, settings = serving.deploy(), serving.platform.settings
    made = make(serving, scopes=["feedback"])
    forged = a_token(
        iss=settings.browser_url,
        aud=settings.inference_url,
        sub=made["client_id"],
        client_id=made["client_id"],
        workspace=serving.workspace.slug,
        scope="feedback",
    )
    answer = anybody.post(
        f"/api/v1/deployments/{deployment['id']}/outcomes",
        json={"prediction_id": "p", "value": 1},
        headers={"Authorization": f"Bearer {forged}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "traffic.invalid_access_token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
