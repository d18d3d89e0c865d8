"""Three walls between tenants.

1. ORM statements get `workspace_id = :bound` added for every tenant table they name.
2. A guard reads the final SQL text and refuses a statement that touches a tenant table without
   that predicate, or with another workspace's value (Core, text, bulk and driver statements too).
3. PostgreSQL row-level security, keyed by the transaction-local setting `app.ws`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlglot
from sqlalchemy import ColumnElement, Connection, Engine, String, cast, event, func, text, true
from sqlalchemy.orm import InstrumentedAttribute, ORMExecuteState, Session, with_loader_criteria
from sqlglot import exp

_tables: set[str] = set()
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEMA_VERBS = frozenset({"CREATE", "ALTER", "DROP", "PRAGMA", "ANALYZE", "VACUUM"})
_QMARK = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\?")
_PYFORMAT = re.compile(r"%\((\w+)\)s")


class TenantBreach(RuntimeError):
    """A statement would have crossed the line between tenants. Always a defect of ours."""


class BoundElsewhere(TenantBreach):
    """The session serves another workspace already."""


def tenant_tables() -> frozenset[str]:
    """Name every table that belongs to tenants."""
    from .db import Base, Owned

    if not _tables:
        _tables.update(
            mapper.local_table.name  # type: ignore[attr-defined]
            for mapper in Base.registry.mappers
            if issubclass(mapper.class_, Owned)
        )
    return frozenset(_tables)


def forget_tables() -> None:
    """Look tables up again; called after all models are imported."""
    _tables.clear()
    _requirements.cache_clear()
    _is_of_tenants.cache_clear()


def bind(session: Session, workspace_id: int) -> None:
    """Bind the session's transaction to one workspace. It cannot be bound to a second one."""
    bound = session.info.get("workspace_id")
    if bound not in (None, workspace_id):
        raise BoundElsewhere(f"The session is bound to workspace {bound}, not {workspace_id}.")
    session.info["workspace_id"] = workspace_id
    _apply(session.connection(), workspace_id)


def setting_of(workspace_id: InstrumentedAttribute[int]) -> ColumnElement[str]:
    """Give what binds a PostgreSQL transaction when a query selects it; see `bind_as_selected`."""
    return func.set_config("app.ws", cast(workspace_id, String), true())


def bind_as_selected(session: Session, workspace_id: int) -> None:
    """Bind as `bind` does, after a query of this transaction selected `setting_of` it."""
    if session.info.get("workspace_id") is None:
        session.connection().info["workspace_id"] = workspace_id
    bind(session, workspace_id)


def workspace_of(session: Session) -> int:
    """Give the workspace the session is bound to."""
    bound = session.info.get("workspace_id")
    if bound is None:
        raise TenantBreach("The session is not bound to a workspace.")
    return int(bound)


def guard(engine: Engine) -> None:
    """Put the statement guard on an engine."""
    event.listen(engine, "before_cursor_execute", _check_statement)
    event.listen(engine, "checkin", lambda _dbapi, record: record.info.pop("workspace_id", None))
    event.listen(
        engine, "checkout", lambda _dbapi, record, _proxy: record.info.pop("workspace_id", None)
    )


@event.listens_for(Session, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    from .db import Owned

    workspace_id = state.session.info.get("workspace_id")
    if workspace_id is None or state.is_insert:
        return
    state.statement = state.statement.options(
        with_loader_criteria(
            Owned,
            lambda cls: cls.workspace_id == workspace_id,
            include_aliases=True,
            track_closure_variables=True,
        )
    )


@event.listens_for(Session, "before_flush")
def _stamp(session: Session, _context: object, _instances: object) -> None:
    from .db import Owned

    workspace_id = session.info.get("workspace_id")
    if workspace_id is None:
        return
    for row in session.new:
        if isinstance(row, Owned) and "workspace_id" not in row.__dict__:
            row.workspace_id = workspace_id


@event.listens_for(Session, "after_begin")
def _rebind(session: Session, _transaction: object, connection: Connection) -> None:
    """Bind again when a session begins a second transaction (after a commit or savepoint)."""
    workspace_id = session.info.get("workspace_id")
    if workspace_id is not None:
        _apply(connection, workspace_id)


def _apply(connection: Connection, workspace_id: int) -> None:
    if connection.info.get("workspace_id") == workspace_id:
        return
    connection.info["workspace_id"] = workspace_id
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT set_config('app.ws', :ws, true)"), {"ws": str(workspace_id)}
        )


def _check_statement(
    connection: Connection,
    _cursor: object,
    statement: str,
    parameters: Any,
    _context: object,
    executemany: bool,
) -> None:
    if not _is_of_tenants(statement):
        return
    bound = connection.info.get("workspace_id")
    if bound is None:
        raise TenantBreach(
            f"No workspace is bound, yet the statement names one's rows: {statement}"
        )
    dialect = "postgres" if connection.dialect.name == "postgresql" else "sqlite"
    needed = _requirements(statement, dialect)
    rows = parameters if executemany and _is_many(parameters) else (parameters,)
    for key in needed:
        # A set, because a thousand rows are checked in the time of a hundred comparisons.
        if {_value(row, key) for row in rows} != {bound}:
            raise TenantBreach(f"Another workspace's value in: {statement}")


def _is_many(parameters: Any) -> bool:
    """Tell rows of `executemany` from the one flat list of a statement with many VALUES."""
    return not isinstance(parameters, Mapping) and all(
        isinstance(row, Mapping | list | tuple) for row in parameters[:1]
    )


@lru_cache(maxsize=4096)
def _is_of_tenants(statement: str) -> bool:
    """Tell whether a statement names rows of tenants; to change a schema touches none."""
    named = not tenant_tables().isdisjoint(_WORDS.findall(statement))
    return named and not _is_schema_change(statement)


def _is_schema_change(statement: str) -> bool:
    first = _WORDS.search(statement)
    return first is not None and first.group().upper() in _SCHEMA_VERBS


def _value(row: Mapping[str, Any] | Sequence[Any], key: str) -> Any:
    if isinstance(row, Mapping):
        return row[key]
    return row[int(key.removeprefix("q"))]


@lru_cache(maxsize=4096)
def _requirements(statement: str, dialect: str) -> tuple[str, ...]:
    """Find which parameters must equal the bound workspace.

    Raises:
        TenantBreach: a tenant table is named without the predicate.
    """
    tree = sqlglot.parse_one(_named(statement), dialect=dialect)
    needed: set[str] = set()
    for insert in tree.find_all(exp.Insert):
        needed |= _insert_keys(insert, statement)
    for scope in tree.find_all(exp.Select, exp.Update, exp.Delete):
        needed |= _scope_keys(scope, statement)
    return tuple(sorted(needed))


def _named(statement: str) -> str:
    """Rewrite `?` and `%(x)s` to `:name`, so that the parser keeps which parameter is which."""
    if "%(" in statement:
        return _PYFORMAT.sub(r":\1", statement)
    count = iter(range(statement.count("?") + 1))
    return _QMARK.sub(lambda m: f":q{next(count)}" if m.group() == "?" else m.group(), statement)


def _insert_keys(insert: exp.Insert, statement: str) -> set[str]:
    schema = insert.this
    table = schema.find(exp.Table)
    if table is None or table.name not in tenant_tables():
        return set()
    columns = [c.name for c in schema.expressions] if isinstance(schema, exp.Schema) else []
    if "workspace_id" not in columns:
        raise TenantBreach(f"An insert without workspace_id: {statement}")
    position = columns.index("workspace_id")
    source = insert.expression
    if isinstance(source, exp.Values):
        cells = [row.expressions[position] for row in source.expressions]
    elif isinstance(source, exp.Select):
        cells = [source.expressions[position]]
    else:
        raise TenantBreach(f"An insert whose rows cannot be read: {statement}")
    keys = {key for cell in cells if (key := _placeholder(cell)) is not None}
    if not keys:
        raise TenantBreach(f"An insert with a fixed workspace_id: {statement}")
    return keys


def _scope_keys(scope: exp.Expr, statement: str) -> set[str]:
    sources = _own_tables(scope)
    if not sources:
        return set()
    equal: dict[str, set[str]] = {}
    links: list[tuple[str, str]] = []
    for predicate in _predicates(scope):
        _read_equality(predicate, sources, equal, links)
    keys: set[str] = set()
    scoped = set(equal)
    changed = True
    while changed:
        changed = False
        for left, right in links:
            if (left in scoped) != (right in scoped):
                scoped |= {left, right}
                changed = True
    for alias in sources:
        if alias not in scoped:
            raise TenantBreach(f"Table {sources[alias]} is not scoped to a workspace: {statement}")
        keys |= equal.get(alias, set())
    return keys


def _own_tables(scope: exp.Expr) -> dict[str, str]:
    """Map alias to name of the tenant tables this scope (not a nested one) reads or changes."""
    tables = tenant_tables()
    found: dict[str, str] = {}
    for table in scope.find_all(exp.Table):
        if table.name not in tables:
            continue
        owner = table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert)
        if owner is scope:
            found[table.alias_or_name] = table.name
    return found


def _predicates(scope: exp.Expr) -> list[exp.Expr]:
    """List the conditions that must all hold: WHERE and inner or outer JOIN conditions."""
    roots: list[exp.Expr] = []
    where = scope.args.get("where")
    if where is not None:
        roots.append(where.this)
    roots.extend(
        join.args["on"]
        for join in scope.find_all(exp.Join)
        if join.find_ancestor(exp.Select, exp.Update, exp.Delete) is scope and join.args.get("on")
    )
    flat: list[exp.Expr] = []
    while roots:
        node = roots.pop()
        if isinstance(node, exp.And):
            roots += [node.left, node.right]
        elif isinstance(node, exp.Paren):
            roots.append(node.this)
        else:
            flat.append(node)
    return flat


def _read_equality(
    predicate: exp.Expr,
    sources: dict[str, str],
    equal: dict[str, set[str]],
    links: list[tuple[str, str]],
) -> None:
    if not isinstance(predicate, exp.EQ):
        return
    left, right = _alias(predicate.left, sources), _alias(predicate.right, sources)
    if left and right:
        links.append((left, right))
        return
    alias = left or right
    if alias is None:
        return
    other = predicate.right if left else predicate.left
    key = _placeholder(other)
    if key is not None:
        equal.setdefault(alias, set()).add(key)
    elif isinstance(other, exp.Column) and other.name == "workspace_id":
        equal.setdefault(alias, set())  # a correlated subquery: the outer scope is checked itself


def _alias(node: exp.Expr, sources: dict[str, str]) -> str | None:
    if isinstance(node, exp.Column) and node.name == "workspace_id":
        if node.table in sources:
            return node.table
        if not node.table and len(sources) == 1:
            return next(iter(sources))
    return None


def _placeholder(node: exp.Expr) -> str | None:
    while isinstance(node, (exp.Cast, exp.Paren)):
        node = node.this
    if isinstance(node, exp.Placeholder | exp.Parameter):
        return str(node.name or node.this)
    return None


def security_ddl(tables: Sequence[str]) -> list[str]:
    """Give the PostgreSQL statements that put row-level security on tenant tables."""
    statements: list[str] = []
    for table in tables:
        condition = "workspace_id = nullif(current_setting('app.ws', true), '')::bigint"
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY tenant ON {table} USING ({condition}) WITH CHECK ({condition})",
        ]
    return statements
