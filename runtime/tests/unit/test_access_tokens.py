"""Access tokens at the gateway's door: what opens, and everything that must not."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.make import access_tokens as make
from tests.make.access_tokens import a_client, a_token
from tests.make.nodes import a_key

from modelyard_protocol.access_tokens import encoded, workspace_in
from modelyard_protocol.package import Signature
from modelyard_protocol.routing import DesiredState, OAuth, OAuthClient, Route, Scope
from modelyard_runtime.gateway.access_tokens import MAX_KNOWN, ReadTokens
from modelyard_runtime.gateway.admission import refused
from modelyard_runtime.gateway.allowance import Allowance
from modelyard_runtime.gateway.refusals import Refusal
from modelyard_runtime.gateway.table import Table

ADDRESS = ("team", "production", "model")
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


def a_table(trust: OAuth | None, tokens: ReadTokens | None = None) -> Table:
    routes = tuple(
        Route(
            workspace=workspace, environment=environment, deployment="model", workspace_id=7,
            deployment_id=f"{workspace}/{environment}", targets=(), keys=(a_key(),),
            signature=Signature(),
        )
        for workspace, environment in (("team", "production"), ("team", "staging"), ("b", "x"))
    )  # fmt: skip
    state = DesiredState(generation=1, routes=routes, oauth=trust)
    return Table(state, lambda _name: None, Allowance(), tokens)


def refusal_of(table: Table, token: str, address: tuple[str, str, str] = ADDRESS) -> Refusal:
    def call() -> None:
        _route, key = table.enter(address, f"Bearer {token}")
        table.allow(key, Scope.predict)

    with pytest.raises(Refusal) as caught:
        call()
    return caught.value


def test_a_token_opens_every_endpoint_of_its_workspace() -> None:
    table = a_table(make.trust(a_client(requests_per_minute=5)))
    for address in (ADDRESS, ("team", "staging", "model")):
        route, key = table.enter(address, f"Bearer {a_token()}")
        table.allow(key, Scope.predict)
        assert (route.workspace, route.environment) == address[:2]
        assert (key.id, key.requests_per_minute) == ("client-1", 5)
        assert key.expires_at is not None
        assert key.expires_at.timestamp() <= time.time() + 601
    audiences = ["https://else.test", make.AUDIENCE]
    table.enter(ADDRESS, f"Bearer {a_token(aud=audiences, nbf=int(time.time()))}")


def _signed_by_mac() -> str:
    """The public key as the secret of an HMAC: what a reader accepts who trusts `alg`."""
    secret = base64.urlsafe_b64decode(make.public(make.KEY).x + "=")
    parts = ({"alg": "HS256", "typ": "at+jwt", "kid": "k1"}, make.claims())
    signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _unsigned() -> str:
    return a_token(head={"alg": "none"}).rpartition(".")[0] + "."


def _tampered() -> str:
    head, _, signature = a_token().split(".")
    return (
        f"{head}.{encoded(json.dumps(make.claims(scope='predict feedback')).encode())}.{signature}"
    )


def _with_own_key() -> str:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": make.public(OTHER).x}
    return a_token(key=OTHER, head={"jwk": jwk, "jku": "https://attacker.test/jwks"})


def _now() -> int:
    return int(time.time())


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (_unsigned, "malformed"),
        (lambda: a_token(head={"alg": "none"}), "another kind"),
        (lambda: a_token(head={"alg": "None"}), "another kind"),
        (_signed_by_mac, "another kind"),
        (lambda: a_token(head={"alg": "RS256"}), "another kind"),
        (lambda: a_token(head={"typ": "JWT"}), "another kind"),
        (lambda: a_token(head={"crit": ["exp"]}), "another kind"),
        (lambda: a_token(head={"kid": "k2"}), "Nobody we know"),
        (lambda: a_token(head={"kid": ["k1"]}), "names no key"),
        (lambda: a_token(key=OTHER), "signature is wrong"),
        (_with_own_key, "signature is wrong"),
        (_tampered, "signature is wrong"),
        (lambda: a_token()[:-6] + "AAAAAA", "signature is wrong"),
        (lambda: a_token(aud="https://else.test"), "something else"),
        (lambda: a_token(aud={"a": 1}), "something else"),
        (lambda: a_token(aud=None), "something else"),
        (lambda: a_token(iss="https://else.test"), "somebody else"),
        (lambda: a_token(exp=_now() - 1), "expired"),
        (lambda: a_token(exp=None), "lacks a claim: exp"),
        (lambda: a_token(exp=True), "lacks a claim: exp"),
        (lambda: a_token(exp="9999999999"), "lacks a claim: exp"),
        (lambda: a_token(iat=_now() + 120), "not valid yet"),
        (lambda: a_token(nbf=_now() + 120), "not valid yet"),
        (lambda: a_token(iat=None), "lacks a claim: iat"),
        (lambda: a_token(sub="myc_7_other"), "two subjects"),
        (lambda: a_token(client_id="myc_7_other", sub="myc_7_other"), "revoked"),
        (lambda: a_token(workspace="b"), "another workspace"),
        (lambda: a_token(scope=None), "lacks a claim: scope"),
        (lambda: a_token(secret_number=True), "lacks a claim: secret_number"),
        (lambda: a_token(secret_number=0), "secret by which"),
        (lambda: a_token(secret_number=2), "secret by which"),
        (lambda: a_token(said={}), "somebody else"),
        (lambda: a_token() + "=", "malformed"),
        (lambda: a_token().replace(".", ".\n", 1), "malformed"),
        (lambda: "..", "malformed"),
        (lambda: "e30.W10.e30", "malformed"),
        (lambda: "e30.e30.e", "another kind"),
        (lambda: a_token(jti="j" * 2000), "too long"),
    ],
)  # fmt: skip
def test_what_is_no_good_token_stays_outside(made: Callable[[], str], reason: str) -> None:
    refusal = refusal_of(a_table(make.trust(a_client())), made())
    answer = refused(refusal, "r")
    assert (answer.status, refusal.code) == (401, "inference.invalid_token")
    assert reason in refusal.detail
    assert 'Bearer realm="modelyard", error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_of_one_workspace_opens_no_other() -> None:
    table = a_table(make.trust(a_client()))
    for address in (("b", "x", "model"), ("nowhere", "x", "model")):
        refusal = refusal_of(table, a_token(), address)
        assert (refusal.status, refusal.code) == (401, "inference.invalid_token")


@pytest.mark.parametrize(
    ("client", "token", "code"),
    [
        ({"environments": ("staging",)}, {}, "inference.environment_not_allowed"),
        ({"environments": ()}, {}, "inference.environment_not_allowed"),
        ({"scopes": ("feedback",)}, {}, "inference.scope_missing"),
        ({"scopes": ("predict", "feedback")}, {"scope": "feedback"}, "inference.scope_missing"),
        ({}, {"scope": "predictions"}, "inference.scope_missing"),
    ],
)
def test_a_client_may_not_do_more_than_it_may(
    client: dict[str, object], token: dict[str, object], code: str
) -> None:
    refusal = refusal_of(a_table(make.trust(a_client(**client))), a_token(**token))
    assert (refusal.status, refusal.code) == (403, code)
    assert 'error="insufficient_scope"' in refused(refusal, "r").headers["WWW-Authenticate"]


def test_an_address_without_endpoint_is_told_to_a_client_of_the_workspace() -> None:
    table = a_table(make.trust(a_client()))
    refusal = refusal_of(table, a_token(), ("team", "production", "none"))
    assert (refusal.status, refusal.code) == (404, "inference.no_endpoint")


def test_a_token_that_was_read_before_is_refused_once_its_client_is_gone() -> None:
    tokens, token = ReadTokens(), a_token()
    a_table(make.trust(a_client()), tokens).enter(ADDRESS, f"Bearer {token}")
    for state in (make.trust(), make.trust(a_client(client_id="myc_7_next")), None):
        assert refusal_of(a_table(state, tokens), token).status == 401
    a_table(make.trust(a_client()), tokens).enter(ADDRESS, f"Bearer {token}")


def test_a_token_that_was_read_before_is_not_believed_from_another_issuer() -> None:
    tokens, token = ReadTokens(), a_token()
    a_table(make.trust(a_client()), tokens).enter(ADDRESS, f"Bearer {token}")
    other = make.trust(a_client()).model_copy(update={"keys": (make.public(OTHER),)})
    assert "signature" in refusal_of(a_table(other, tokens), token).detail


def test_a_token_that_was_read_before_expires() -> None:
    tokens, trust = ReadTokens(), make.trust(a_client())
    token = a_token()
    assert tokens.read(token, trust, time.time()) is tokens.read(token, trust, time.time())
    with pytest.raises(ValueError, match="expired"):
        tokens.read(token, trust, time.time() + 601)


def test_tokens_are_as_valid_as_the_secret_they_were_got_by() -> None:
    def opens(client: OAuthClient, number: int) -> float:
        table = a_table(make.trust(client))
        _, key = table.enter(ADDRESS, f"Bearer {a_token(secret_number=number)}")
        assert key.expires_at is not None
        return key.expires_at.timestamp() - time.time()

    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    rotated = a_client(secret_number=3, old_secret_until=soon)
    assert opens(rotated, 3) > 500
    assert opens(rotated, 2) < 61
    for client, number in (
        (rotated, 1),
        (a_client(secret_number=3), 2),
        (a_client(secret_number=3, old_secret_until=soon - dt.timedelta(minutes=2)), 2),
    ):
        token = a_token(secret_number=number)
        assert "secret" in refusal_of(a_table(make.trust(client)), token).detail


def test_callers_cannot_fill_the_memory_with_tokens() -> None:
    tokens, trust = ReadTokens(), make.trust(a_client())
    for number in range(MAX_KNOWN + 5):
        tokens.read(a_token(jti=str(number)), trust, time.time())
    assert len(tokens._known) == 5


def test_a_client_id_says_where_to_look_for_it() -> None:
    assert workspace_in("myc_12_Ab3") == 12
    wrong = ("", "myc_", "myc__a", "myc_x_a", "myc_1_", "my_1_a", "myc_٣_a", "myc_1_a\n")
    assert [workspace_in(one) for one in wrong] == [None] * len(wrong)


def test_no_cryptography_is_loaded_before_a_token_comes() -> None:
    program = (
        "import sys; import modelyard_runtime.worker; "
        "print([name for name in sys.modules if name.startswith('cryptography')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
