"""Engine, tables' base, and the request transaction.

One process with SQLite has one writer: writing transactions queue for a lock before
`BEGIN IMMEDIATE`, so none ever fails with "database is locked" half way.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Annotated, Any, ClassVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request
from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from . import tenancy
from .grouping import GroupCommit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant: aware UTC in Python on every database; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A naive datetime cannot be stored; use kernel.clock.utcnow().")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if not isinstance(value, dt.datetime):
            raise TypeError(f"Expected a datetime, the database gave {type(value).__name__}.")
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """Base of every table: UTC instants, named constraints, text for `str`."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: UtcDateTime,
        int: BigInteger().with_variant(BigInteger(), "postgresql"),
    }


class Owned:
    """Mixin of tenant tables. The primary key is `(workspace_id, id)`.

    Children of a tenant row reference both columns, so that a row can never point into another
    tenant. Reads are scoped by `kernel.tenancy`; a new row takes the session's workspace.
    """

    workspace_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, sort_order=-100
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4, sort_order=-99)


def normalised_url(url: str) -> URL:
    """Accept `postgres://` and `postgresql://` and choose our driver, psycopg 3."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""Of libpq, in seconds and ms: a server that has left the network is known in half a minute, not
when the kernel gives up after a quarter of an hour. The database URL may say otherwise."""


def is_out_of_reach(error: BaseException) -> bool:
    """Tell a database that does not answer from a statement that it refused."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, OperationalError):
        return False
    # SQLite says so of a missing table too.
    return not isinstance(error.orig, sqlite3.OperationalError) or "locked" in str(error.orig)


class Database:
    """One engine, its sessions, and (SQLite) its single writer."""

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = normalised_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = threading.Lock()
        self._exits = anyio.CapacityLimiter(16)
        self._waiters = anyio.CapacityLimiter(200)
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 10}
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": 10}
        else:
            chosen = self.url.query
            options["connect_args"] = {k: v for k, v in _PATIENCE.items() if k not in chosen}
        self.engine: Engine = create_engine(self.url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(modelyard_write=True)
        self.grouped = GroupCommit(self.platform_session) if self.is_sqlite else None
        tenancy.guard(self.engine)

    def _new_session(self, *, write: bool) -> Session:
        session = Session(
            self._writing if write else self.engine, expire_on_commit=False, autoflush=True
        )
        session.info["database"] = self
        return session

    @contextmanager
    def session(self, workspace_id: int, *, write: bool = True) -> Iterator[Session]:
        """Open a transaction inside one workspace, commit when the block ends well."""
        with self._transaction(write=write) as session:
            tenancy.bind(session, workspace_id)
            yield session

    @contextmanager
    def platform_session(self, *, write: bool = True) -> Iterator[Session]:
        """Open a transaction that may touch platform tables only: no workspace is bound."""
        with self._transaction(write=write) as session:
            yield session

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Session]:
        queued = write and self.is_sqlite
        if queued:
            self._writer.acquire()
        try:
            with self._new_session(write=write) as session, session.begin():
                yield session
        finally:
            if queued:
                self._writer.release()

    async def request_transaction(self, *, write: bool) -> AsyncGenerator[Session, None]:
        """Give the transaction of one request.

        Waiting for the SQLite writer happens in its own thread limiter and never holds a thread
        of the endpoint pool: otherwise waiting requests could starve the one that must commit.
        """
        queued = write and self.is_sqlite
        if queued and not self._writer.acquire(blocking=False):
            await anyio.to_thread.run_sync(self._writer.acquire, limiter=self._waiters)
        session = self._new_session(write=write)
        try:
            try:
                yield session
                await anyio.to_thread.run_sync(session.commit, limiter=self._exits)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(session.close, limiter=self._exits)
        finally:
            if queued:
                self._writer.release()


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves, see `_begin_sqlite`
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "cache_size=-32000",
        "temp_store=MEMORY",
        "wal_autocheckpoint=4000",  # 16 MB: pages written again and again are moved once
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    write = connection.get_execution_options().get("modelyard_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


async def session(request: Request) -> AsyncIterator[Session]:
    """Give the request's transaction: committed before the answer leaves, rolled back on errors."""
    database: Database = request.app.state.database
    write = request.scope.get("modelyard_write", request.method not in SAFE_METHODS)
    # Closed here and not by the garbage collector: a refused request must have let go of the
    # writer before its answer is made.
    async with aclosing(database.request_transaction(write=write)) as opened:
        async for transaction in opened:
            yield transaction


async def only_reads(request: Request) -> None:
    """Let a POST that changes nothing read without the writer's turn.

    Put it into the route's `dependencies`, which come before the transaction.
    """
    request.scope["modelyard_write"] = False


Db = Annotated[Session, Depends(session, scope="function")]
"""The request's transaction. Declared with `scope="function"`: a failed commit answers 500."""


def execute_many(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement with a `?` for each value once a row, past SQLAlchemy, on either database."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(statement, list(rows))
        return
    names = [f"c{n}" for n in range(len(rows[0]))]
    for name in names:
        statement = statement.replace("?", f"%({name})s", 1)
    connection.exec_driver_sql(statement, [dict(zip(names, row, strict=True)) for row in rows])
