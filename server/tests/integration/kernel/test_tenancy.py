"""The walls between tenants, tried with a table of our own on both databases."""

import pytest
from sqlalchemy import String, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel import tenancy
from modelyard_server.kernel.db import Base, Owned


class Fruit(Owned, Base):
    __tablename__ = "test_fruits"
    name: Mapped[str] = mapped_column(String(40))


@pytest.fixture
def two(platform):
    tenancy.forget_tables()
    with platform.database.engine.begin() as connection:
        Fruit.__table__.create(connection, checkfirst=True)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("DROP POLICY IF EXISTS tenant ON test_fruits")
            for statement in tenancy.security_ddl(["test_fruits"]):
                connection.exec_driver_sql(statement)
    ours, theirs = platform.a_workspace(), platform.a_workspace()
    for space in (ours, theirs):
        with platform.database.session(space.id) as db:
            db.add(Fruit(name=f"fruit of {space.id}"))
    return platform.database, ours.id, theirs.id


@pytest.mark.parametrize(
    "read",
    [
        lambda: select(Fruit.name),
        lambda: select(Fruit.name).where(Fruit.name.like("fruit%")),
        lambda: select(Fruit.name).where(Fruit.id.in_(select(Fruit.id))),
        lambda: select(select(Fruit.name).subquery().c.name),
        lambda: select(Fruit.name).union(select(Fruit.name)),
    ],
)
def test_a_read_sees_only_its_own_workspace(two, read):
    database, ours, _ = two
    with database.session(ours) as db:
        assert list(db.scalars(read())) == [f"fruit of {ours}"]


def test_orm_changes_touch_only_the_own_workspace(two):
    database, ours, theirs = two
    with database.session(ours) as db:
        db.execute(update(Fruit).values(name="changed"))
        row = db.scalars(select(Fruit)).one()
        row.name = "changed again"
    with database.session(theirs) as db:
        assert db.scalar(select(Fruit.name)) == f"fruit of {theirs}"
        db.delete(db.scalars(select(Fruit)).one())
    with database.session(ours) as db:
        assert db.scalar(select(func.count()).select_from(Fruit)) == 1


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT name FROM test_fruits", {}),
        ("SELECT name FROM test_fruits WHERE workspace_id = :w OR 1 = 1", {"w": "ours"}),
        ("SELECT name FROM test_fruits WHERE workspace_id = :w", {"w": "theirs"}),
        ("UPDATE test_fruits SET name = 'x'", {}),
        ("DELETE FROM test_fruits WHERE workspace_id = :w", {"w": "theirs"}),
        (
            "SELECT a.name FROM test_fruits a JOIN test_fruits b ON a.id = b.id "
            "WHERE a.workspace_id = :w",
            {"w": "ours"},
        ),
    ],
)
def test_text_that_crosses_the_line_is_refused(two, statement, values):
    database, ours, theirs = two
    bound = {key: {"ours": ours, "theirs": theirs}[value] for key, value in values.items()}
    with pytest.raises(tenancy.TenantBreach), database.session(ours) as db:
        db.execute(text(statement), bound)


def test_an_insert_for_another_workspace_is_refused(two):
    database, ours, theirs = two
    with pytest.raises(tenancy.TenantBreach), database.session(ours) as db:
        db.execute(insert(Fruit).values(workspace_id=theirs, name="planted"))


def test_an_unbound_session_reaches_no_tenant_table(two):
    database, _, _ = two
    with pytest.raises(tenancy.TenantBreach), database.platform_session() as db:
        db.execute(select(Fruit.name))


def test_scoped_text_passes(two):
    database, ours, _ = two
    with database.session(ours) as db:
        names = db.execute(
            text("SELECT a.name FROM test_fruits a WHERE a.workspace_id = :w AND a.name <> '?'"),
            {"w": ours},
        ).scalars()
        assert list(names) == [f"fruit of {ours}"]


@pytest.mark.parametrize("second", ["ours", "theirs"])
def test_each_row_of_an_insert_with_many_values_is_checked(two, second):
    database, ours, theirs = two
    rows = [
        {"workspace_id": ours, "name": "pear"},
        {"workspace_id": {"ours": ours, "theirs": theirs}[second], "name": "plum"},
    ]
    with database.session(ours) as db:
        if second == "theirs":
            with pytest.raises(tenancy.TenantBreach):
                db.execute(insert(Fruit).returning(Fruit.name), rows)
            return
        assert list(db.scalars(insert(Fruit).returning(Fruit.name), rows)) == ["pear", "plum"]
