"""Tables of what runs logged: narrow rows with numbered keys, written in bulk.

Keys have numbers so that a 250-character name is stored once. `is_nan` stands beside each value
because SQLite keeps a NaN as NULL.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
PREFIX_LENGTH = 200  # characters of a value that are indexed; the whole value is compared too


def _of_run() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"], ondelete="CASCADE"
    )


class Key(Owned, Base):
    """The number of a metric's, parameter's or tag's name."""

    __tablename__ = "tracking_keys"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, sort_order=-99)  # type: ignore[assignment]
    name: Mapped[str] = mapped_column(String(250))


class Placed(Owned):
    """Mixin of what is at a place in the history of a run's metric."""

    id: Mapped[int] = mapped_column("run_id", BigInteger, primary_key=True, sort_order=-99)  # type: ignore[assignment]
    key_id: Mapped[int] = mapped_column(Integer, primary_key=True, sort_order=-98)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, sort_order=-98)
    at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, sort_order=-98)
    value: Mapped[float] = mapped_column(primary_key=True, sort_order=-98)
    is_nan: Mapped[bool] = mapped_column(primary_key=True, sort_order=-98)


class MetricPoint(Placed, Base):
    """A value that was logged alone or late. The whole row is the key, so a retry changes nothing.

    On PostgreSQL the run is held by `run_metrics`, which is written with every point: a foreign
    key here too would take almost half of the time of a batch. See `ingest_postgres.py`.
    """

    __tablename__ = "metric_points"
    __table_args__ = (_of_run().ddl_if(dialect="sqlite"), {"sqlite_with_rowid": False})


class MetricChunk(Placed, Base):
    """Points of a metric that came in one batch and were newer than all before; see `points.py`.

    The key is the place of its last point. As for `MetricPoint`, `run_metrics` holds the run on
    PostgreSQL.
    """

    __tablename__ = "metric_chunks"
    __table_args__ = (_of_run().ddl_if(dialect="sqlite"),)

    first_step: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes]
    """Columns of steps, times, values and whether they are NaN, one after the other."""


class MetricPiece(Placed, Base):
    """Extremes of a stretch of a long history: of all points after one place, up to another.

    See `pieces.py`.
    """

    __tablename__ = "metric_pieces"
    __table_args__ = (_of_run(), {"sqlite_with_rowid": False})

    after_step: Mapped[int] = mapped_column(BigInteger)
    after_ms: Mapped[int] = mapped_column(BigInteger)
    after_value: Mapped[float]
    after_is_nan: Mapped[bool]
    points: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes]
    """Columns of steps, times, values and whether they are NaN, one after the other."""


class RunMetric(Owned, Base):
    """The latest value of a metric of a run, and its rank in the experiment."""

    __tablename__ = "run_metrics"
    __table_args__ = (
        _of_run(),
        Index(
            "ix_run_metrics_value",
            "workspace_id",
            "experiment_id",
            "key_id",
            "is_nan",
            "value",
            "run_id",
        ),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column("run_id", BigInteger, primary_key=True, sort_order=-99)  # type: ignore[assignment]
    key_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float]
    is_nan: Mapped[bool]
    step: Mapped[int] = mapped_column(BigInteger)
    at_ms: Mapped[int] = mapped_column(BigInteger)


class RunParam(Owned, Base):
    """A parameter of a run; written once."""

    __tablename__ = "run_params"
    __table_args__ = (
        _of_run(),
        Index(
            "ix_run_params_value",
            "workspace_id",
            "experiment_id",
            "key_id",
            "value_prefix",
            "run_id",
        ),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column("run_id", BigInteger, primary_key=True, sort_order=-99)  # type: ignore[assignment]
    key_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[str] = mapped_column(Text)
    value_prefix: Mapped[str] = mapped_column(String(PREFIX_LENGTH))


class RunTag(Owned, Base):
    """A tag of a run."""

    __tablename__ = "run_tags"
    __table_args__ = (
        _of_run(),
        Index(
            "ix_run_tags_value", "workspace_id", "experiment_id", "key_id", "value_prefix", "run_id"
        ),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column("run_id", BigInteger, primary_key=True, sort_order=-99)  # type: ignore[assignment]
    key_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[str] = mapped_column(Text)
    value_prefix: Mapped[str] = mapped_column(String(PREFIX_LENGTH))


class RunChange(Owned, Base):
    """When something of a run last changed, so that what is kept in memory can follow.

    `seq` counts within an experiment on SQLite, and is the changing transaction on PostgreSQL. No
    foreign key: the row outlives its run, and so says that it is gone. See `changes.py`.
    """

    __tablename__ = "run_changes"
    __table_args__ = (
        Index("ix_run_changes_seq", "workspace_id", "experiment_id", "seq", "run_id"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[int] = mapped_column("run_id", BigInteger, primary_key=True, sort_order=-99)  # type: ignore[assignment]
    experiment_id: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
