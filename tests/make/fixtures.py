"""Fixtures shared by every server-side test.

`platform` runs each test on SQLite and on PostgreSQL. Every test makes its own workspaces, so
tests share one database per backend without seeing each other.
"""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from starlette.testclient import TestClient

from modelyard_server.app import compose, create_app, load_models
from modelyard_server.flags import service as flags
from modelyard_server.identity import credentials, passwords
from modelyard_server.identity.models import ApiToken, User
from modelyard_server.kernel import telemetry
from modelyard_server.kernel.clock import utcnow
from modelyard_server.kernel.db import Database, normalised_url
from modelyard_server.kernel.jobs import Job
from modelyard_server.kernel.services import Services
from modelyard_server.migrations import state
from modelyard_server.settings import Settings
from modelyard_server.workspaces import access, service
from modelyard_server.workspaces.access import System
from modelyard_server.workspaces.models import Membership, Workspace
from modelyard_server.workspaces.ports import WorkspaceObserver

from .postgres import postgres_server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@dataclass
class Platform:
    """A composed app on one database, without background threads."""

    settings: Settings
    services: Services
    database: Database
    app: Any

    def a_workspace(self, slug: str | None = None) -> "TeamSpace":
        number = next(_numbers)
        with self.database.platform_session() as db:
            organisation = service.new_organisation(db, f"Org {number}")
            workspace = service.new_workspace(
                db,
                self.services.every(WorkspaceObserver),
                organisation_id=organisation.id,
                name=f"Team {number}",
                slug=slug or f"team-{number}",
            )
            flags.decide_for_organisation(db, System(workspace.id), flags.QUICK_DEPLOY, True)
            return TeamSpace(self, workspace.id, workspace.slug)


@dataclass
class TeamSpace:
    """A workspace with clients for each role."""

    platform: Platform
    id: int
    slug: str

    def a_person(self, role: str = "admin", *, password: str | None = None) -> User:
        """Make a member with a role."""
        email = f"person{next(_numbers)}@example.com"
        with self.platform.database.platform_session() as db:
            user = User(
                email=email,
                display_name=f"Pat {role.title()}",
                password_hash=passwords.digest(password, email=email) if password else None,
                created_at=utcnow(),
                email_verified_at=utcnow(),
            )
            db.add(user)
            db.flush()
            db.add(
                Membership(
                    member_workspace_id=self.id, user_id=user.id, role=role, joined_at=utcnow()
                )
            )
        return user

    def a_token(self, role: str = "admin", *, of: User | None = None) -> str:
        """Make a person with a role and an API token; give the token."""
        whole, public_id, digest = credentials.new_token()
        user = of or self.a_person(role)
        with self.platform.database.platform_session() as db:
            db.add(
                ApiToken(
                    token_workspace_id=self.id,
                    user_id=user.id,
                    name="test",
                    public_id=public_id,
                    secret_sha256=digest,
                    role=role,
                    created_at=utcnow(),
                )
            )
        return whole

    def client(self, role: str = "admin") -> TestClient:
        """Give an HTTP client that acts with a role in this workspace."""
        headers = {"Authorization": f"Bearer {self.a_token(role)}"}
        return TestClient(self.platform.app, headers=headers, raise_server_exceptions=False)

    def browser(self, role: str = "admin", *, of: User | None = None) -> TestClient:
        """Give a client that acts as the web application does, with cookie and CSRF token."""
        user = of or self.a_person(role)
        with self.platform.database.platform_session() as db:
            row, secret = credentials.open_session(
                db,
                db.get_one(User, user.id),
                lifetime=dt.timedelta(days=self.platform.settings.session_days),
                ip_address="127.0.0.1",
                user_agent="test",
            )
        csrf = access.csrf_token(self.platform.app.state.csrf_key, row.id)
        return TestClient(
            self.platform.app,
            headers={"X-CSRF-Token": csrf, "X-Modelyard-Workspace": self.slug},
            cookies={access.cookie_name(self.platform.settings): secret},
            raise_server_exceptions=False,
        )


def make_platform(url: str, folder: Path, *, has_tables: bool = False, **more: Any) -> Platform:
    settings = Settings(data_dir=folder, database_url=url, manage_node=False, **more)
    telemetry.configure(json_lines=True)
    load_models()
    services = compose(settings)
    database = services.get(Database)
    if not has_tables:
        state.create_all(database)
    return Platform(settings, services, database, create_app(services, run_background=False))


@pytest.fixture(scope="session")
def sqlite_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("sqlite")
    made = make_platform(f"sqlite:///{folder / 'modelyard.db'}", folder)
    yield made
    made.database.engine.dispose()


@pytest.fixture(scope="session")
def postgres_platform(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    made = make_platform(
        str(normalised_url(postgres_url).render_as_string(False)), tmp_path_factory.mktemp("pg")
    )
    yield made
    made.database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def platform(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """Both databases in turn, without the jobs that earlier tests have left to do.

    Workspaces that a test makes are closed after it: work that goes over all of them would take
    longer with every test.
    """
    made: Platform = request.getfixturevalue(f"{request.param}_platform")
    with made.database.platform_session() as db:
        db.execute(delete(Job).where(Job.owner_workspace_id.is_not(None)))
        last = db.scalar(select(func.max(Workspace.id))) or 0
    yield made
    with made.database.platform_session() as db:
        own = (Workspace.id > last) & Workspace.deleted_at.is_(None)
        db.execute(update(Workspace).where(own).values(deleted_at=utcnow()))


@pytest.fixture
def workspace(platform: Platform) -> TeamSpace:
    return platform.a_workspace()
