"""Addresses of setup, sessions, passwords and API tokens.

They are served from here, not from `identity`, because each needs to know workspaces or roles.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from modelyard_server.identity import schemas, tokens
from modelyard_server.identity import service as identity
from modelyard_server.identity.attempts import AttemptLimits
from modelyard_server.identity.credentials import Principal
from modelyard_server.identity.mail import Mailer
from modelyard_server.identity.visitor import Visitor
from modelyard_server.kernel.db import Database, Db
from modelyard_server.kernel.http import Page
from modelyard_server.kernel.services import every, provided
from modelyard_server.settings import Settings

from . import onboarding, service
from .access import (
    Actor,
    allowed,
    cookie_name,
    csrf_token,
    in_browser,
    public,
    signed_in,
    visitor,
    wanted_workspace,
)
from .errors import RoleTooHigh
from .permissions import Permission, Role
from .ports import InstallationObserver, WorkspaceObserver
from .schemas import MeOut

router = APIRouter(prefix="/api/v1", tags=["identity"])
Limits = Annotated[AttemptLimits, provided(AttemptLimits)]
From = Annotated[Visitor, Depends(visitor)]


def entrance(request: Request, limits: Limits, visitor: From) -> onboarding.Entrance:
    """Gather what every way in needs (a FastAPI dependency)."""
    settings: Settings = request.app.state.settings
    database: Database = request.app.state.database
    return onboarding.Entrance(
        database=database,
        limits=limits,
        visitor=visitor,
        lifetime=dt.timedelta(days=settings.session_days),
        old_cookie=request.cookies.get(cookie_name(settings)),
    )


Door = Annotated[onboarding.Entrance, Depends(entrance)]


def welcome(request: Request, response: Response, entered: onboarding.Entered) -> MeOut:
    """Set the session cookie and describe the person."""
    settings: Settings = request.app.state.settings
    response.set_cookie(
        cookie_name(settings),
        entered.secret,
        max_age=settings.session_days * 86_400,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )
    token = csrf_token(request.app.state.csrf_key, entered.session_id)
    return entered.me.model_copy(update={"csrf_token": token})


@router.get("/setup")
def get_setup(db: Db, _: Annotated[None, public()]) -> schemas.SetupState:
    """Tell whether the first owner is still to be made."""
    return schemas.SetupState(needs_owner=identity.needs_owner(db))


@router.post("/setup", status_code=201)
def complete_setup(
    request: Request,
    response: Response,
    body: schemas.SetupCreate,
    door: Door,
    observers: Annotated[list[WorkspaceObserver], every(WorkspaceObserver)],
    first: Annotated[list[InstallationObserver], every(InstallationObserver)],
    _: Annotated[None, public()],
) -> MeOut:
    """Make the first owner, organisation and workspace with the link the server printed."""
    entered = onboarding.complete_setup(door, observers, first, **body.model_dump())
    return welcome(request, response, entered)


@router.post("/session", status_code=201)
def sign_in(
    request: Request,
    response: Response,
    body: schemas.SignIn,
    door: Door,
    _: Annotated[None, public()],
) -> MeOut:
    """Sign in with e-mail and password; the answer sets the session cookie."""
    entered = onboarding.sign_in(door, email=body.email, password=body.password)
    return welcome(request, response, entered)


@router.get("/session")
def get_session(request: Request, db: Db, who: Annotated[Principal, signed_in()]) -> MeOut:
    """Describe whoever is signed in."""
    token = csrf_token(request.app.state.csrf_key, who.session.id) if who.session else ""
    found = onboarding.me(db, who, wanted_workspace(request))
    return found.model_copy(update={"csrf_token": token})


@router.delete("/session", status_code=204)
def sign_out(
    request: Request,
    response: Response,
    db: Db,
    visitor: From,
    who: Annotated[Principal, in_browser()],
) -> None:
    """End this browser session."""
    settings: Settings = request.app.state.settings
    known = visitor.known_as(who.user, service.home(db, who.user.id))
    identity.end_session(db, known, who.user, _session_of(who))
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.secure_cookies)


@router.get("/me/sessions")
def list_sessions(db: Db, who: Annotated[Principal, in_browser()]) -> list[schemas.SessionOut]:
    """List where you are signed in."""
    return [
        schemas.SessionOut(
            id=row.id,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
            ip_address=row.ip_address,
            user_agent=row.user_agent,
            is_current=row.id == _session_of(who),
        )
        for row in identity.live_sessions(db, who.user.id)
    ]


@router.delete("/me/sessions/{session_id}", status_code=204)
def revoke_session(
    session_id: uuid.UUID, db: Db, visitor: From, who: Annotated[Principal, in_browser()]
) -> None:
    """End one of your sessions."""
    known = visitor.known_as(who.user, service.home(db, who.user.id))
    identity.end_session(db, known, who.user, session_id)


@router.post("/me/password", status_code=204)
def change_password(
    body: schemas.PasswordChange,
    db: Db,
    limits: Limits,
    visitor: From,
    who: Annotated[Principal, in_browser()],
) -> None:
    """Choose a new password; your other sessions end."""
    limits.hit("password", str(who.user.id))
    known = visitor.known_as(who.user, service.home(db, who.user.id))
    identity.change_password(
        db,
        known,
        who.user,
        current=body.current_password,
        new=body.new_password,
        keep=_session_of(who),
    )


@router.post("/password-resets", status_code=202)
def request_password_reset(
    request: Request,
    body: schemas.PasswordResetRequest,
    db: Db,
    limits: Limits,
    visitor: From,
    mailer: Annotated[Mailer, provided(Mailer)],
    _: Annotated[None, public()],
) -> None:
    """Ask for a reset link by mail. The answer never tells whether the account exists."""
    limits.hit("reset", visitor.ip_address)
    settings: Settings = request.app.state.settings
    identity.request_reset(db, visitor, mailer, body.email, settings.browser_url)


@router.post("/password-resets/{token}", status_code=204)
def reset_password(
    token: str,
    body: schemas.PasswordResetConfirm,
    db: Db,
    limits: Limits,
    visitor: From,
    _: Annotated[None, public()],
) -> None:
    """Choose a new password with a reset link; all your sessions end."""
    limits.hit("link", visitor.ip_address)
    identity.reset_password(db, visitor, token, body.password, service.home)


@router.get("/tokens")
def list_tokens(
    db: Db, actor: Annotated[Actor, allowed(Permission.tokens_read)]
) -> Page[schemas.TokenOut]:
    """List your API tokens of this workspace; admins see everybody's."""
    mine_only = None if actor.may(Permission.members_manage) else actor.id
    rows = tokens.live(db, actor.workspace_id, mine_only)
    return Page(items=[tokens.as_out(row) for row in rows], next_cursor=None, total=len(rows))


@router.post("/tokens", status_code=201)
def create_token(
    body: schemas.TokenCreate,
    db: Db,
    actor: Annotated[Actor, allowed(Permission.tokens_create)],
) -> schemas.TokenCreated:
    """Make an API token of this workspace. The answer is the only time it is shown."""
    if Role(body.role).rank > actor.role.rank:
        raise RoleTooHigh(f"Your role is {actor.role.value}; a token cannot be {body.role}.")
    row, whole = tokens.create(
        db,
        actor,
        name=body.name,
        role=body.role,
        expires_at=body.expires_at,
        made_with=actor.token_id,
    )
    return schemas.TokenCreated(**tokens.as_out(row).model_dump(), token=whole)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(
    token_id: uuid.UUID, db: Db, actor: Annotated[Actor, allowed(Permission.tokens_create)]
) -> None:
    """End an API token at once: your own, or as an admin anybody's."""
    tokens.revoke(db, actor, token_id, of_anybody=actor.may(Permission.members_manage))


def _session_of(who: Principal) -> uuid.UUID:
    assert who.session is not None  # noqa: S101 - `in_browser` refused otherwise
    return who.session.id
