"""Reads somebody's PostgreSQL: one SELECT in a read-only transaction, through a cursor.

The host is judged once and the connection goes to the very address that was judged.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from modelyard_server.kernel.egress import Egress, NotReached
from modelyard_server.monitoring import outcome_queries
from modelyard_server.monitoring.errors import OutcomeSourceRefused
from modelyard_server.monitoring.outcome_source_schemas import (
    LONGEST_EXAMPLE,
    MOST_ROWS,
    PART_ROWS,
    SHOWN_COLUMNS,
    DatabasePlace,
    OutcomeColumns,
    SourceColumn,
)
from modelyard_server.monitoring.ports import PulledRows

STATEMENT_SECONDS = 60
PULL_SECONDS = 600.0
LOOK_SECONDS = 30.0
_LONGEST_MARK = 500
_LONGEST_NAME = 500  # of an entity; of a prediction it is 128
_LONGEST_VALUE = 20_000  # the relevant items of a ranking, as JSON
_TEXTS = {"text", "varchar", "bpchar", "name", "uuid", "citext", "unknown"}
_KEPT = {"bool", "int2", "int4", "int8"}
_REALS = {"numeric", "float4", "float8"}
_JSON = {"json", "jsonb"}
_ARRAY = "[]"
_AUTHORITIES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_SQLSTATES = {
    "57014": f"It took longer than {STATEMENT_SECONDS} seconds: index the growing column, or "
    "narrow the query.",
    "25006": "The query writes. Only reading is allowed.",
    "42501": "The user {user} may not read this: GRANT SELECT on it.",
}
_CONNECTING = {
    "password authentication failed": "The password is not that of the user {user}.",
    "no password supplied": "The database asks for a password.",
    "no pg_hba.conf entry": "The database does not let {user} in from here: see its pg_hba.conf.",
    "server does not support SSL": "The database does not speak TLS: switch it on there.",
    "certificate verify failed": "The database's certificate is not valid.",
    "certificate": "The database's certificate is not that of {host}.",
    "does not exist": "There is no database {database}, or no user {user}.",
    "too many connections": "The database has no connection left.",
    "timeout": "{host} does not answer.",
    "Connection refused": "{host} refuses connections at port {port}.",
}


def look(egress: Egress, place: DatabasePlace) -> list[SourceColumn]:
    """Give the columns of the question with the values of a row."""
    with _connected(egress, place, LOOK_SECONDS) as connection:
        source, types = _source(place), _types(connection, place)
        names = list(types)[:SHOWN_COLUMNS]
        shown = sql.SQL(", ").join(_text(name, LONGEST_EXAMPLE) for name in names)
        query = sql.SQL("SELECT {} FROM {} LIMIT $1").format(shown, source)
        rows = psycopg.RawCursor(connection).execute(query, [1]).fetchall()
    first = rows[0] if rows else [None] * len(names)
    return [
        SourceColumn(name=name, type=types[name], example=value)
        for name, value in zip(names, first, strict=True)
    ]


def read(
    egress: Egress, place: DatabasePlace, columns: OutcomeColumns, mark: dict[str, Any] | None
) -> Iterator[PulledRows]:
    """Give rows from the mark on, the oldest first. Rows at the mark are read again."""
    with _connected(egress, place, PULL_SECONDS) as connection:
        types = _types(connection, place)
        since = mark["at"] if mark and place.growing else None
        if since is not None and _count(connection, place, since) == (mark or {}).get("rows"):
            return
        query = _question(place, columns, types, since)
        with psycopg.RawServerCursor(connection, "outcomes") as cursor:
            cursor.execute(query, [MOST_ROWS, *([] if since is None else [since])])
            yield from _parts(cursor, place, columns, since)


def _parts(
    cursor: psycopg.RawServerCursor[Any], place: DatabasePlace, columns: OutcomeColumns, since: Any
) -> Iterator[PulledRows]:
    names = list(columns.named())
    total, at, at_it = 0, None, 0
    while rows := cursor.fetchmany(PART_ROWS):
        total += len(rows)
        for row in rows if place.growing else ():
            at, at_it = row[-1], (at_it + 1 if row[-1] == at else 1)
        if at is not None and len(at) > _LONGEST_MARK:
            raise OutcomeSourceRefused(f"The column {place.growing} is too long to count by.")
        mark = {"at": at, "rows": at_it} if place.growing else None
        found = [dict(zip(names, row, strict=False)) for row in rows]
        is_full = total >= MOST_ROWS
        yield PulledRows(found, mark, has_more=is_full and at != since)
        if is_full and at == since:  # both are nothing without a growing column
            raise OutcomeSourceRefused(
                f"{MOST_ROWS:,} rows were read and there may be more: name a column that grows, "
                "and that is not the same in so many rows."
            )


def _question(
    place: DatabasePlace, columns: OutcomeColumns, types: dict[str, str], since: str | None
) -> sql.Composed:
    named = columns.named()
    row = named.pop("prediction_id", None) or named.pop("entity")
    wanted = [*columns.named().values(), place.growing]
    missing = [name for name in wanted if name is not None and name not in types]
    if missing:
        there = ", ".join(list(types)[:20])
        raise OutcomeSourceRefused(f"The query has no column {missing[0]}. It has: {there}.")
    chosen = [
        _text(row, _LONGEST_NAME + 1),
        _value(named.pop("value"), types[columns.value]),
        *(_text(name, 65) for name in named.values()),
    ]
    if place.growing is None:
        return sql.SQL("SELECT {} FROM {} LIMIT $1").format(
            sql.SQL(", ").join(chosen), _source(place)
        )
    chosen.append(_text(place.growing, _LONGEST_MARK + 1))
    growing, condition = _name(place.growing), sql.SQL("IS NOT NULL")
    if since is not None:
        condition = sql.SQL(">= $2")
    return sql.SQL("SELECT {} FROM {} WHERE {} {} ORDER BY {}, {} LIMIT $1").format(
        sql.SQL(", ").join(chosen),
        _source(place),
        growing,
        condition,
        growing,
        _name(row),
    )


def _value(name: str, kind: str) -> sql.Composed:
    """Ask for a value in a form that is bounded: a number has up to 131,072 digits there."""
    if kind in _KEPT:
        return _name(name) + sql.SQL("")
    if kind in _REALS:
        return sql.SQL("{}::float8").format(_name(name))
    if kind in _TEXTS | _JSON:
        return _text(name, _LONGEST_VALUE + 1)
    if kind.endswith(_ARRAY):
        return sql.SQL("left(to_jsonb({})::text, {})").format(
            _name(name), sql.SQL(str(_LONGEST_VALUE + 1))
        )
    raise OutcomeSourceRefused(
        f"The column {name} is of type {kind}: make it text, a number or a boolean in the query, "
        f"such as {name}::text."
    )


def _count(connection: psycopg.Connection[Any], place: DatabasePlace, since: str) -> int:
    """Count the rows from a mark on: as many as were read there means there is nothing new."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} >= $1").format(
        _source(place), _name(place.growing or "")
    )
    row = psycopg.RawCursor(connection).execute(query, [since]).fetchone()
    return int(row[0]) if row else 0


def _types(connection: psycopg.Connection[Any], place: DatabasePlace) -> dict[str, str]:
    query = sql.SQL("SELECT * FROM {} LIMIT $1").format(_source(place))
    described = psycopg.RawCursor(connection).execute(query, [0]).description or []
    kinds = {column.name: _kind(connection, column.type_code) for column in described}
    if len(kinds) < len(described):
        raise OutcomeSourceRefused("Two columns of the query have the same name.")
    return kinds


def _kind(connection: psycopg.Connection[Any], oid: int) -> str:
    found = connection.adapters.types.get(oid)
    if found is None:
        return "another type"
    return f"{found.name}{_ARRAY}" if found.array_oid == oid else found.name


def _source(place: DatabasePlace) -> sql.Composed:
    query = outcome_queries.as_select(place.query)
    return sql.SQL("({}\n) AS source").format(sql.SQL(query))


def _name(name: str) -> sql.Composed:
    return sql.SQL("source.{}").format(sql.Identifier(name))


def _text(name: str, most: int) -> sql.Composed:
    return sql.SQL("left({}::text, {})").format(_name(name), sql.SQL(str(most)))


@contextmanager
def _connected(
    egress: Egress, place: DatabasePlace, seconds: float
) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection that can only read, and is cut when the time is over."""
    connection = _connect(egress, place)
    descriptor = os.dup(connection.fileno())
    is_cut = threading.Event()

    def cut() -> None:
        is_cut.set()
        with socket.socket(fileno=os.dup(descriptor)) as same, suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(seconds, cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('TimeZone', 'UTC', true)"
            ", set_config('DateStyle', 'ISO', true)",
            [str(STATEMENT_SECONDS * 1000)],
        )
        yield connection
    except (psycopg.Error, UnicodeError) as error:
        if is_cut.is_set():
            raise OutcomeSourceRefused(f"It took longer than {seconds:.0f} seconds.") from None
        raise _refusal(place, error) from None
    finally:
        watchdog.cancel()
        connection.close()
        os.close(descriptor)


def _connect(egress: Egress, place: DatabasePlace) -> psycopg.Connection[Any]:
    addresses = egress.addresses(place.host, place.port)
    if place.tls == "off" and not all(map(egress.is_own, addresses)):
        raise OutcomeSourceRefused("Without TLS only networks of the operator's own are read.")
    with_tls = {"verify": "verify-full", "encrypt": "require", "off": "disable"}[place.tls]
    try:
        return psycopg.connect(
            host=",".join([place.host] * len(addresses)),
            hostaddr=",".join(addresses),
            port=place.port,
            dbname=_plain(place.database),
            user=place.user,
            password=place.password,
            sslmode=with_tls,
            sslrootcert=_authorities() if place.tls == "verify" else "",
            gssencmode="disable",
            passfile=os.devnull,
            connect_timeout=10,
            tcp_user_timeout=30_000,
            application_name="Modelyard",
            client_encoding="UTF8",
        )
    except psycopg.Error as error:
        said = str(error)
        for part, sentence in _CONNECTING.items():
            if part.lower() in said.lower():
                raise OutcomeSourceRefused(sentence.format(**_facts(place))) from None
        raise NotReached(f"{place.host} cannot be reached at port {place.port}.") from None


def _authorities() -> str:
    """Give whom this machine trusts: the driver's own library looks where it was built."""
    known = (ssl.get_default_verify_paths().cafile, *_AUTHORITIES)
    return next((path for path in known if path and Path(path).is_file()), "system")


def _plain(database: str) -> str:
    """Give a database's name; libpq would read one like a URL as a whole connection."""
    if "=" in database or "://" in database:
        raise OutcomeSourceRefused("The database has no such name.")
    return database


def _refusal(place: DatabasePlace, error: Exception) -> OutcomeSourceRefused:
    """Say what the database refused. It is the user's own: its sentence helps."""
    if not isinstance(error, psycopg.Error):
        return OutcomeSourceRefused("A text of the query is not in the encoding it claims.")
    known = _SQLSTATES.get(error.sqlstate or "")
    if known is not None:
        return OutcomeSourceRefused(known.format(**_facts(place)))
    said = error.diag.message_primary or "the connection broke off"
    return OutcomeSourceRefused(f"The database says: {said[:300]}.")


def _facts(place: DatabasePlace) -> dict[str, Any]:
    return place.model_dump(include={"user", "host", "port", "database"})
