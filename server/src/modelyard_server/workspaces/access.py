"""Who acts, in which workspace, and may they: the dependency every route declares.

A route without `allowed(…)`, `signed_in()` or `public()` stops the start of the app
(`require_declared_permissions`), so a forgotten check cannot ship.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import Row, and_, bindparam, select
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from modelyard_server.identity import credentials
from modelyard_server.identity.errors import (
    BrowserSessionNeeded,
    CrossSiteRequest,
    NotSignedIn,
)
from modelyard_server.identity.visitor import Visitor
from modelyard_server.kernel import http, tenancy, trail
from modelyard_server.kernel.db import SAFE_METHODS, Database, Db
from modelyard_server.settings import Settings

from . import prefix
from .errors import NotAllowed, WorkspaceMismatch, WorkspaceNotFound
from .models import Membership, Workspace
from .permissions import Permission, Role, permits

WORKSPACE_HEADERS = ("x-modelyard-workspace", "x-mlflow-workspace")
UNNAMED = "default"
"""MLflow's word for the workspace of a client that names none; no workspace may be called so."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever makes this request, bound to one workspace."""

    id: uuid.UUID | None
    name: str
    email: str
    workspace_id: int
    workspace_slug: str
    role: Role
    token_id: uuid.UUID | None
    session_id: uuid.UUID | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor has a permission in this workspace."""
        return permits(self.role, permission)


@dataclass(frozen=True, slots=True)
class System:
    """The platform acting by itself inside a workspace (jobs, reconcile loops)."""

    workspace_id: int | None
    id: uuid.UUID | None = None
    name: str = "Modelyard"
    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


def cookie_name(settings: Settings) -> str:
    """Name of the session cookie; the `__Host-` prefix needs TLS."""
    return "__Host-modelyard" if settings.secure_cookies else "modelyard_session"


def client_address(request: Request, settings: Settings) -> str | None:
    """Give the caller's address, counting only the configured number of proxies from the right."""
    peer = request.client.host if request.client else None
    if settings.trusted_proxies:
        hops = [
            h.strip() for h in request.headers.get("x-forwarded-for", "").split(",") if h.strip()
        ]
        if len(hops) >= settings.trusted_proxies:
            return hops[-settings.trusted_proxies]
    return peer


def csrf_token(key: bytes, session_id: uuid.UUID) -> str:
    """Give the token that must come back with unsafe requests of a session."""
    return hmac.new(key, session_id.bytes, hashlib.sha256).hexdigest()


def principal(request: Request, db: Db) -> credentials.Principal:
    """Authenticate: `Authorization` wins over the cookie, which is then ignored.

    Raises:
        NotSignedIn: neither is there.
        CrossSiteRequest: an unsafe cookie request without our CSRF token or from another origin.
    """
    settings: Settings = request.app.state.settings
    write = request.method not in SAFE_METHODS
    may_touch = request.scope.get("modelyard_write", write)
    presented = presented_token(request)
    if presented is not None:
        return credentials.by_token(db, presented, write=may_touch)
    secret = request.cookies.get(cookie_name(settings))
    if not secret:
        raise NotSignedIn("Sign in, or send an API token as `Authorization: Bearer …`.")
    idle = dt.timedelta(hours=settings.session_idle_hours)
    found = credentials.by_session(db, secret, idle=idle, write=may_touch)
    if write and found.session is not None:
        _refuse_cross_site(request, found.session.id)
    return found


def presented_token(request: Request) -> str | None:
    """Give what stands in `Authorization`; empty: nothing that can be read."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":  # MLflow clients with a user name: the password is the token
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def _refuse_cross_site(request: Request, session_id: uuid.UUID) -> None:
    expected = csrf_token(request.app.state.csrf_key, session_id)
    sent = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise CrossSiteRequest("The request did not come from this application. Reload the page.")
    _refuse_other_site(request)


def _refuse_other_site(request: Request) -> None:
    """Browsers tell where a request comes from; programs send no such header."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if request.method not in SAFE_METHODS and site not in {"same-origin", "none"}:
        raise CrossSiteRequest("The request came from another web site.")


def actor(request: Request, db: Db, who: credentials.Principal = Depends(principal)) -> Actor:
    """Choose the workspace of the request and bind the transaction to it.

    Raises:
        WorkspaceNotFound: no such workspace, or the person is not a member.
        WorkspaceMismatch: a header names another workspace than the token's.
    """
    made = unbound_actor(request, db, who)
    tenancy.bind(db, made.workspace_id)
    return made


def unbound_actor(
    request: Request, db: Db, who: credentials.Principal = Depends(principal)
) -> Actor:
    """Choose the workspace, but leave the transaction unbound: it will make another workspace.

    Raises:
        WorkspaceNotFound: no such workspace, or the person is not a member.
        WorkspaceMismatch: a header names another workspace than the token's.
    """
    wanted = wanted_workspace(request)
    rows = (
        select(Workspace, Membership.role)
        .join(Membership, Membership.member_workspace_id == Workspace.id)
        .where(Membership.user_id == who.user.id)
    )
    if who.token is not None:
        rows = rows.where(Workspace.id == who.token.token_workspace_id)
    elif wanted is not None:
        rows = rows.where(Workspace.slug == wanted)
    found = db.execute(rows.order_by(Membership.joined_at, Workspace.id).limit(1)).one_or_none()
    if found is None:
        raise WorkspaceNotFound("There is no such workspace.")
    workspace, role = found[0], Role(found[1])
    if who.token is not None:
        if wanted not in (None, workspace.slug):
            raise WorkspaceMismatch(f"This token belongs to workspace {workspace.slug}.")
        role = min(role, Role(who.token.role), key=lambda r: r.rank)
    return _noted(
        request,
        id=who.user.id,
        name=who.user.display_name,
        email=who.user.email,
        workspace_id=workspace.id,
        workspace_slug=workspace.slug,
        role=role,
        token_id=who.token.id if who.token else None,
        session_id=who.session.id if who.session else None,
    )


def _noted(request: Request, *, session_id: uuid.UUID | None = None, **facts: Any) -> Actor:
    """Make the actor of a request, and note it on the request."""
    made = Actor(
        **facts,
        session_id=session_id,
        ip_address=client_address(request, request.app.state.settings),
        user_agent=request.headers.get("user-agent"),
        request_id=http.request_id(request),
    )
    request.state.actor = made
    return made


def lean_actor(request: Request, db: Session) -> Actor:
    """Give the actor of a request as `actor` does, for routes where each 100 µs counts.

    Tokens are read as plain rows, and once for all requests that share a transaction: whoever
    holds SQLite's only writer sees nobody revoke one meanwhile.

    Raises:
        NotSignedIn: neither token nor cookie is there.
        WorkspaceNotFound: no such workspace, or the person is not a member.
        WorkspaceMismatch: a header names another workspace than the token's.
    """
    presented = presented_token(request)
    if presented is None:
        return actor(request, db, principal(request, db))
    known: dict[str, _Known] = db.info.setdefault("known_tokens", {})
    found = known.get(presented)
    if found is None:
        write = request.scope["modelyard_write"]
        # On PostgreSQL one trip does both. Whoever is refused below ends the transaction.
        is_postgres = db.get_bind().dialect.name == "postgresql"
        query = _MEMBER_BOUND if is_postgres else _MEMBER
        holder, row = credentials.holder_of(db, presented, query, write=write)
        found = known[presented] = _in_workspace(holder, row)
        if is_postgres:
            tenancy.bind_as_selected(db, holder.workspace_id)
    if wanted_workspace(request) not in (None, found[1]):
        raise WorkspaceMismatch(f"This token belongs to workspace {found[1]}.")
    return _bound(request, db, found)


def enter(request: Request, db: Session) -> bool:
    """Bind the transaction to the workspace a request names; tell whether there is one."""
    slug = wanted_workspace(request)
    found = db.scalar(select(Workspace.id).where(Workspace.slug == slug)) if slug else None
    if found is not None:
        tenancy.bind(db, found)
    return found is not None


def actor_of_key(
    request: Request, db: Session, key_id: uuid.UUID, name: str, slug: str | None = None
) -> Actor:
    """Give the actor that a key of the workspace is; nobody's role, the least of them."""
    return _noted(
        request,
        id=None,
        name=name,
        email="",
        workspace_id=tenancy.workspace_of(db),
        workspace_slug=slug or wanted_workspace(request) or "",
        role=Role.viewer,
        token_id=key_id,
    )


def lent_actor(
    request: Request,
    db: Session,
    *,
    user_id: uuid.UUID,
    token_id: uuid.UUID | None,
    workspace_id: int,
) -> Actor:
    """Give the actor that made a signed link, if it may still act.

    Raises:
        InvalidToken: the token was revoked or has expired, or the person is disabled.
        WorkspaceNotFound: the person is no member any more.
    """
    holder = credentials.holder_again(db, user_id, token_id, workspace_id, Role.owner.value)
    binds = {"user_id": holder.user_id, "token_workspace_id": holder.workspace_id}
    row = db.connection().execute(_WORKSPACE_OF, binds).one_or_none()
    return _bound(request, db, _in_workspace(holder, row))


def _bound(request: Request, db: Session, found: _Known) -> Actor:
    holder, slug, role = found
    made = _noted(
        request,
        id=holder.user_id,
        name=holder.user_name,
        email=holder.email,
        workspace_id=holder.workspace_id,
        workspace_slug=slug,
        role=role,
        token_id=holder.token_id,
    )
    tenancy.bind(db, made.workspace_id)
    return made


_Known = tuple[credentials.Holder, str, Role]
_ROLE = Membership.role.label("member_role")
_MEMBER = (
    credentials.HOLDER.add_columns(Workspace.slug, _ROLE)
    .outerjoin(Workspace, Workspace.id == credentials.TOKEN_WORKSPACE)
    .outerjoin(
        Membership,
        and_(
            Membership.member_workspace_id == Workspace.id,
            Membership.user_id == credentials.TOKEN_USER,
        ),
    )
)
_MEMBER_BOUND = _MEMBER.add_columns(tenancy.setting_of(credentials.TOKEN_WORKSPACE))
_WORKSPACE_OF = (
    select(Workspace.slug, _ROLE)
    .join(Membership, Membership.member_workspace_id == Workspace.id)
    .where(
        Membership.user_id == bindparam("user_id"), Workspace.id == bindparam("token_workspace_id")
    )
)


def _in_workspace(holder: credentials.Holder, row: Row[*tuple[Any, ...]] | None) -> _Known:
    if row is None or row.member_role is None:
        raise WorkspaceNotFound("There is no such workspace.")
    role = min(Role(row.member_role), Role(holder.role), key=lambda r: r.rank)
    return holder, row.slug, role


def wanted_workspace(request: Request) -> str | None:
    """Give the slug of the workspace a request names, if any: by header, query or address.

    Raises:
        WorkspaceMismatch: it names two.
    """
    named = {request.headers.get(header, "").strip() for header in WORKSPACE_HEADERS}
    named.add(request.query_params.get("workspace", ""))
    named.add(request.scope.get(prefix.SCOPE_KEY, ""))
    named -= {"", UNNAMED}
    if len(named) > 1:
        raise WorkspaceMismatch("The request names two different workspaces.")
    return next(iter(named), None)


def allowed(permission: Permission, *, bound: bool = True) -> Any:
    """Declare the permission of a route; gives the `Actor`.

    Denials are audited in a transaction of their own, after the request's has been rolled back.
    `bound=False` leaves the transaction without a workspace.
    """

    def check(request: Request, who: Actor = Depends(actor if bound else unbound_actor)) -> Actor:
        refuse_unless(request, who, permission)
        return who

    check.permission = permission  # type: ignore[attr-defined]
    return Depends(check)


def refuse_unless(request: Request, who: Actor, permission: Permission) -> None:
    """Refuse an actor without a permission, and note it for the audit trail.

    Raises:
        NotAllowed: the actor has not got it.
    """
    if not who.may(permission):
        request.state.denied = (permission.value, who)
        raise NotAllowed(
            f"This needs the permission {permission.value}; your role is {who.role.value}."
        )


def signed_in() -> Any:
    """Declare a route for any signed-in person, without a workspace; gives the `Principal`."""

    def check(who: credentials.Principal = Depends(principal)) -> credentials.Principal:
        return who

    check.permission = "signed in"  # type: ignore[attr-defined]
    return Depends(check)


def in_browser() -> Any:
    """Declare a route about a person's own account: a token, which may leak, is not enough."""

    def check(who: credentials.Principal = Depends(principal)) -> credentials.Principal:
        if who.session is None:
            raise BrowserSessionNeeded("Only a browser session may do this, not an API token.")
        return who

    check.permission = "signed in"  # type: ignore[attr-defined]
    return Depends(check)


def visitor(request: Request) -> Visitor:
    """Describe where a request comes from (a FastAPI dependency)."""
    return Visitor(
        ip_address=client_address(request, request.app.state.settings),
        user_agent=request.headers.get("user-agent"),
        request_id=http.request_id(request),
    )


def public() -> Any:
    """Declare a route that anybody may call. There are about ten; a test lists them."""

    def check(request: Request) -> None:
        _refuse_other_site(request)

    check.permission = "public"  # type: ignore[attr-defined]
    return Depends(check)


def record_denial(database: Database, request: Request) -> None:
    """Audit a refusal that `allowed` noted on the request."""
    permission, who = request.state.denied
    with database.platform_session() as db:
        trail.record(
            db,
            who,
            "workspaces.denied",
            object_type="route",
            object_name=f"{request.method} {request.url.path}",
            after={"permission": permission},
            result="denied",
        )


def declared_permission(route: APIRoute) -> str | None:
    """Find what a route declares."""
    for dependant in _walk(route.dependant):
        declared = getattr(dependant.call, "permission", None)
        if declared is not None:
            return str(declared)
    return None


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        yield from _walk(child)


def every_route(app: FastAPI) -> Iterator[tuple[str, BaseRoute]]:
    """Give each route of the app with its path, also those of included routers."""
    for context in iter_route_contexts(app.routes):
        yield str(getattr(context, "path", "")), context.original_route


def require_declared_permissions(app: FastAPI, exempt: frozenset[str]) -> None:
    """Stop the start when a route declares nothing. `exempt` names framework paths.

    Raises:
        RuntimeError: with the list of such routes.
    """
    silent = [
        path or repr(route)
        for path, route in every_route(app)
        if path not in exempt
        and not (isinstance(route, APIRoute) and declared_permission(route) is not None)
    ]
    if silent:
        raise RuntimeError(f"Routes without a declared permission: {', '.join(silent)}")


def membership_role(db: Session, workspace_id: int, user_id: uuid.UUID) -> Role | None:
    """Give a person's role in a workspace, or `None`."""
    role = db.scalar(
        select(Membership.role).where(
            Membership.member_workspace_id == workspace_id, Membership.user_id == user_id
        )
    )
    return Role(role) if role else None
