"""The one history of migrations gives exactly the tables of the code, on both databases."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from modelyard_server.app import load_models
from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Base, Database
from modelyard_server.migrations import state


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request, tmp_path):
    load_models()
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path}/history.db")
    else:
        url = request.getfixturevalue("postgres_url")
        schema = "".join(c if c.isalnum() else "_" for c in f"history_{tmp_path.name}")[:60]
        maker = Database(url)
        with maker.engine.begin() as connection:
            connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        maker.engine.dispose()
        database = Database(f"{url}&options=-csearch_path%3D{schema}")
    state.upgrade(database)
    yield database
    database.engine.dispose()


def ours(found):
    """Leave out tables that only tests have."""
    return [change for change in found if "test_" not in repr(change)]


def test_the_history_ends_at_the_tables_of_the_code(migrated):
    with migrated.engine.connect() as connection:
        options = {"compare_type": True, "include_object": state.belongs_on(connection)}
        context = MigrationContext.configure(connection, opts=options)
        assert ours(compare_metadata(context, Base.metadata)) == []
    assert state.is_current(migrated)


def test_every_tenant_table_has_row_level_security(migrated):
    if migrated.is_sqlite:
        assert set(tenancy.tenant_tables()) <= set(Base.metadata.tables)
        return
    secured = text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
    with migrated.engine.connect() as connection:
        found = set(connection.execute(secured).scalars())
    assert {name for name in tenancy.tenant_tables() if not name.startswith("test_")} <= found


def test_the_history_can_be_undone(migrated):
    with migrated.engine.connect() as connection:
        command.downgrade(state.config(connection), "base")
        connection.commit()
    assert set(inspect(migrated.engine).get_table_names()) <= {"alembic_version"}


def test_upgrading_twice_changes_nothing(migrated):
    state.upgrade(migrated)
    assert state.is_current(migrated)
