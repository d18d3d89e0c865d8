"""Bring a database to the newest schema, and tell whether it is there."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Base, Database

if TYPE_CHECKING:
    from alembic.config import Config

_IDENTIFIERS = re.compile(r'^((?:down_)?revision)(?:: [^=]+)? = "([^"]+)"', re.MULTILINE)
_LOCK = 0x4D59_4152_44  # advisory lock "MYARD": one instance migrates, the others wait

_APPEND_ONLY_SQLITE = (
    "CREATE TRIGGER audit_events_no_{verb} BEFORE {VERB} ON audit_events "
    "BEGIN SELECT RAISE(ABORT, 'audit events are never changed or deleted'); END"
)
_APPEND_ONLY_POSTGRES = (
    "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
    "BEGIN RAISE EXCEPTION 'audit events are never changed or deleted'; END $$",
    "CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events "
    "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
)


def config(connection: Connection | None = None) -> Config:
    """Give Alembic's configuration for our folder of versions."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["connection"] = connection
    return made


def head() -> str | None:
    """Give the newest revision in the code: the one that no other comes after.

    Read from the files as text: a start that has nothing to migrate does without Alembic.
    """
    heads: set[str] = set()
    earlier: set[str] = set()
    for file in (Path(__file__).parent / "versions").glob("*.py"):
        found = dict(_IDENTIFIERS.findall(file.read_text()))
        heads.add(found["revision"])
        earlier.add(found.get("down_revision", ""))
    newest = heads - earlier
    if len(newest) > 1:
        raise RuntimeError(f"The history of migrations has several ends: {sorted(newest)}")
    return newest.pop() if newest else None


def is_current(database: Database) -> bool:
    """Tell whether the schema is the newest."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
        return found.all() == [head()]


def upgrade(database: Database) -> None:
    """Apply what is missing; concurrent instances wait for each other."""
    if is_current(database):
        return
    from alembic import command

    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
        try:
            connection.commit()
            command.upgrade(config(connection), "head")
            connection.commit()
        finally:
            if connection.dialect.name == "postgresql":
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                connection.commit()


def belongs_on(connection: Connection) -> Callable[..., bool]:
    """Give what tells Alembic whether a constraint of the code belongs on this kind of database."""

    def belongs(item: Any, _name: object, _kind: object, reflected: bool, _to: object) -> bool:
        rule = getattr(item, "_ddl_if", None)
        return reflected or rule is None or rule.dialect == connection.dialect.name

    return belongs


def secure(connection: Connection, tables: list[str]) -> None:
    """Put row-level security on tenant tables (PostgreSQL)."""
    if connection.dialect.name == "postgresql":
        for statement in tenancy.security_ddl(tables):
            connection.exec_driver_sql(statement)


def make_audit_append_only(connection: Connection) -> None:
    """Refuse UPDATE and DELETE on the audit trail in the database itself."""
    if connection.dialect.name == "postgresql":
        for statement in _APPEND_ONLY_POSTGRES:
            connection.exec_driver_sql(statement)
        return
    for verb in ("update", "delete"):
        connection.exec_driver_sql(_APPEND_ONLY_SQLITE.format(verb=verb, VERB=verb.upper()))


def drop_audit_function(connection: Connection) -> None:
    """Remove what `make_audit_append_only` left behind its table (PostgreSQL)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION IF EXISTS refuse_audit_change()")


def create_all(database: Database) -> None:
    """Make the schema straight from the models: for tests; installations use `upgrade`."""
    with database.engine.begin() as connection:
        Base.metadata.create_all(connection)
        secure(connection, sorted(tenancy.tenant_tables()))
        make_audit_append_only(connection)


def generate(slug: str, *, today: dt.date) -> Path:
    """Write a migration for what the models have and the history lacks; give its file."""
    from alembic import command

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/history.db")
        upgrade(database)
        with database.engine.connect() as connection:
            script = command.revision(
                config(connection),
                message=slug.replace("_", " "),
                autogenerate=True,
                rev_id=f"{today:%Y%m%d}_{slug}"[:32],
            )
        database.engine.dispose()
    if isinstance(script, list) or script is None:
        raise RuntimeError("Alembic wrote no single script.")
    return Path(script.path)
