"""Tables of monitoring. All counts are complete; logged rows are bounded (`retention`)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.kernel.db import Base, Owned

from . import entity_records  # noqa: F401 - its tables belong to this capability too


class JournalFile(Base):
    """How far a journal of this machine's node has been read, for all workspaces."""

    __tablename__ = "journal_files"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    offset: Mapped[int]
    """Everything before it has been applied in every workspace."""
    damaged: Mapped[int] = mapped_column(default=0)
    """Frames that were skipped because their checksum or content was wrong."""


class JournalPosition(Owned, Base):
    """How far a journal's records have been applied in one workspace.

    Written in the transaction of the rows themselves: that makes applying exactly-once.
    """

    __tablename__ = "journal_positions"
    __table_args__ = (UniqueConstraint("workspace_id", "file"),)

    file: Mapped[str] = mapped_column(String(200))
    offset: Mapped[int]


class TrafficCount(Owned, Base):
    """Complete counts of one revision over one stretch of time."""

    __tablename__ = "traffic_counts"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "resolution", "at", "revision"),
    )

    deployment_id: Mapped[uuid.UUID]
    resolution: Mapped[int]
    """Length in seconds, 0: since ever. Each call is counted once per resolution."""
    at: Mapped[dt.datetime]
    revision: Mapped[int]
    version: Mapped[int]
    requests: Mapped[int]
    errors_4xx: Mapped[int]
    errors_5xx: Mapped[int]
    latency: Mapped[dict[str, int]] = mapped_column(JSON)
    """Latency bucket index → calls."""


class ShadowCount(Owned, Base):
    """Complete counts of the copies that one shadow revision got in one hour."""

    __tablename__ = "shadow_counts"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "revision", "at"),)

    deployment_id: Mapped[uuid.UUID]
    revision: Mapped[int]
    version: Mapped[int]
    at: Mapped[dt.datetime]
    calls: Mapped[int]
    failed: Mapped[int]
    dropped: Mapped[int]
    rows: Mapped[int]
    differing: Mapped[int]
    latency: Mapped[dict[str, int]] = mapped_column(JSON)
    """Latency bucket index → calls; time inside predict, as `live_latency`."""
    live_latency: Mapped[dict[str, int]] = mapped_column(JSON)


class ShadowCall(Owned, Base):
    """One call as the live revision and a shadow answered it; a sample, its first rows."""

    __tablename__ = "shadow_calls"
    __table_args__ = (
        Index("ix_shadow_calls_newest", "workspace_id", "deployment_id", "revision", "at"),
    )

    deployment_id: Mapped[uuid.UUID]
    revision: Mapped[int]
    prediction_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[dt.datetime]
    inputs: Mapped[str | None] = mapped_column(Text)
    outputs: Mapped[str | None] = mapped_column(Text)
    shadow_outputs: Mapped[str | None] = mapped_column(Text)
    differs: Mapped[list[bool]] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)


class LoggedPrediction(Owned, Base):
    """One call with its first rows, kept for a while so that people can look."""

    __tablename__ = "predictions"
    __table_args__ = (
        Index("ix_predictions_newest", "workspace_id", "deployment_id", "at", "id"),
        Index("ix_predictions_prediction_id", "workspace_id", "deployment_id", "prediction_id"),
    )

    deployment_id: Mapped[uuid.UUID]
    prediction_id: Mapped[str] = mapped_column(String(128))
    at: Mapped[dt.datetime]
    revision: Mapped[int]
    version: Mapped[int]
    status: Mapped[int]
    skin: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str | None] = mapped_column(String(64))
    total_us: Mapped[int]
    model_us: Mapped[int | None]
    rows: Mapped[int | None]
    inputs: Mapped[str | None] = mapped_column(Text)
    """JSON list of the first rows, one object each."""
    outputs: Mapped[str | None] = mapped_column(Text)
    """JSON list of their predictions."""
    error: Mapped[str | None] = mapped_column(Text)


class DriftReference(Owned, Base):
    """What one version's columns looked like: its grids with the reference's counts."""

    __tablename__ = "drift_references"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "version"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(600))
    """Data set name and digest, or the artifact's path; `None`: only live rows."""
    columns: Mapped[bytes] = mapped_column(LargeBinary)
    """`profile.pack_references`."""
    pending: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON: column → first live values, until there are enough for a provisional reference."""
    created_at: Mapped[dt.datetime]


class DriftProfile(Owned, Base):
    """Counts of one version's live rows over one stretch of time, on the reference's grids."""

    __tablename__ = "drift_profiles"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "version", "resolution", "at"),
    )

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    resolution: Mapped[int]
    """Length in seconds: a minute while fresh, five minutes afterwards (`retention`)."""
    at: Mapped[dt.datetime]
    columns: Mapped[bytes] = mapped_column(LargeBinary)
    """`profile.pack`."""
    updated_at: Mapped[dt.datetime]


class Outcome(Owned, Base):
    """What really came of one predicted row, with the prediction copied beside it.

    The copy lets quality outlive the prediction log. Without a prediction the row waits for it.
    """

    __tablename__ = "outcomes"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "prediction_id", "row"),
        Index("ix_outcomes_hour", "workspace_id", "deployment_id", "hour"),
    )

    deployment_id: Mapped[uuid.UUID]
    prediction_id: Mapped[str] = mapped_column(String(128))
    row: Mapped[int]
    """Which row of the call, from 0."""
    value: Mapped[str] = mapped_column(Text)
    """JSON of the newest value that was sent."""
    at: Mapped[dt.datetime]
    """When it was observed, as its sender says."""
    received_at: Mapped[dt.datetime]
    hour: Mapped[int | None]
    """Start of the hour of the prediction, epoch seconds; `None` while it is unknown."""
    version: Mapped[int | None]
    predicted: Mapped[str | None] = mapped_column(String(600))
    actual: Mapped[str | None] = mapped_column(String(600))
    predicted_number: Mapped[float | None]
    actual_number: Mapped[float | None]
    score: Mapped[float | None]
    """Probability of the positive class, of models that say one."""
    ranked: Mapped[str | None] = mapped_column(Text)
    """JSON list of the items that the model put in order."""
    delay_seconds: Mapped[int | None]
    """From prediction to first arrival."""
    corrections: Mapped[int] = mapped_column(default=0)


class OutcomeHour(Owned, Base):
    """Outcomes of one hour of predictions, packed column by column; see `outcome_hours`."""

    __tablename__ = "outcome_hours"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "hour"),)

    deployment_id: Mapped[uuid.UUID]
    hour: Mapped[int]
    """Of the predictions, epoch seconds."""
    changed: Mapped[int]
    """Grows with every change of an outcome of the hour, in the same transaction."""
    packed_as: Mapped[int]
    """What `changed` was when `packed` was made; it is true while both are equal."""
    packed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`outcome_packing.pack`."""


class ReplacedOutcome(Owned, Base):
    """A value that a later one corrected."""

    __tablename__ = "replaced_outcomes"
    __table_args__ = (
        Index("ix_replaced_outcomes", "workspace_id", "deployment_id", "prediction_id"),
    )

    deployment_id: Mapped[uuid.UUID]
    prediction_id: Mapped[str] = mapped_column(String(128))
    row: Mapped[int]
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    replaced_at: Mapped[dt.datetime]


class DriftResult(Owned, Base):
    """The verdict on one window of one version, by the window's end."""

    __tablename__ = "drift_results"
    __table_args__ = (
        UniqueConstraint("workspace_id", "deployment_id", "version", "window", "at"),
        Index("ix_drift_results_newest", "workspace_id", "window", "at"),
    )

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    window: Mapped[str] = mapped_column(String(8))
    at: Mapped[dt.datetime]
    rows: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    is_confirmed: Mapped[bool]
    share: Mapped[float]
    """Of the model's attention that moved."""
    quality: Mapped[str] = mapped_column(String(20))
    quality_reason: Mapped[str] = mapped_column(Text)
    columns: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON, compressed: column → score, q, status."""
    computed_at: Mapped[dt.datetime]


class CapturePolicy(Owned, Base):
    """What a deployment's capture keeps; without a row the defaults of `policy.Policy` hold."""

    __tablename__ = "capture_policies"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    columns: Mapped[dict[str, str]] = mapped_column(JSON)
    """Column → store, hash, count or drop."""
    rate: Mapped[float]
    retention_days: Mapped[int]
    entity_column: Mapped[str | None] = mapped_column(String(200))
    updated_at: Mapped[dt.datetime]


class CaptureSegment(Owned, Base):
    """One Parquet file of rows in the artifact store."""

    __tablename__ = "capture_segments"
    __table_args__ = (
        Index("ix_capture_segments_span", "workspace_id", "deployment_id", "first_at"),
    )

    deployment_id: Mapped[uuid.UUID]
    path: Mapped[str] = mapped_column(String(400))
    first_at: Mapped[dt.datetime]
    last_at: Mapped[dt.datetime]
    rows: Mapped[int]
    size_bytes: Mapped[int]
    created_at: Mapped[dt.datetime]


class CaptureCount(Owned, Base):
    """Calls whose rows the sampling rate left out."""

    __tablename__ = "capture_counts"
    __table_args__ = (Index("ix_capture_counts", "workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    at: Mapped[dt.datetime]
    sampled_out: Mapped[int]


class ConstraintSet(Owned, Base):
    """What is asked of a deployment's columns, as somebody chose it."""

    __tablename__ = "constraint_sets"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """`constraint_schemas.ColumnConstraint`."""
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))


class ConstraintCount(Owned, Base):
    """Values that broke one version of the constraints in five minutes."""

    __tablename__ = "constraint_counts"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "version", "at"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    """Of the constraints."""
    at: Mapped[dt.datetime]
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Column → rows, values, broken ones by check, examples."""


class OutcomeValue(Owned, Base):
    """What outcomes of a deployment are worth."""

    __tablename__ = "outcome_values"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    currency: Mapped[str] = mapped_column(String(3))
    positive: Mapped[str] = mapped_column(String(500))
    true_positive: Mapped[float]
    false_positive: Mapped[float]
    true_negative: Mapped[float]
    false_negative: Mapped[float]
    per_row: Mapped[float]
    per_unit_of_error: Mapped[float]
    updated_at: Mapped[dt.datetime]


class OutcomeSource(Owned, Base):
    """A data connection that outcomes of a deployment are pulled from."""

    __tablename__ = "outcome_sources"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(16))
    place: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`outcome_source_schemas.Place` without its secrets."""
    columns: Mapped[dict[str, Any]] = mapped_column(JSON)
    target: Mapped[str] = mapped_column(String(2100))
    """Where it is, for people."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Its secrets, encrypted with the root key."""
    every_minutes: Mapped[int]
    is_enabled: Mapped[bool]
    mark: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How far it was read; its reader knows what it means. Moves with the outcomes."""
    next_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    updated_by_name: Mapped[str] = mapped_column(String(320))


class OutcomePull(Owned, Base):
    """One reading of a data connection, asked for by nobody when due. Its id is that of its job."""

    __tablename__ = "outcome_pulls"
    __table_args__ = (Index("ix_outcome_pulls_deployment", "deployment_id", "started_at"),)

    deployment_id: Mapped[uuid.UUID]
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    asked_by_name: Mapped[str | None] = mapped_column(String(320))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`outcome_source_schemas.PullCounts`."""
    error: Mapped[str | None] = mapped_column(Text)


class ReferenceTable(Owned, Base):
    """Uploaded rows of one version: inputs, perhaps with its answers and what came true."""

    __tablename__ = "reference_tables"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id"),)

    deployment_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    path: Mapped[str] = mapped_column(String(400))
    rows: Mapped[int]
    size_bytes: Mapped[int]
    columns: Mapped[list[str]] = mapped_column(JSON)
    """Its inputs."""
    has_answers: Mapped[bool]
    has_outcomes: Mapped[bool]
    is_baseline: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Drift is measured against it, also where the run logged a training table."""
    created_at: Mapped[dt.datetime]
    created_by_name: Mapped[str] = mapped_column(String(200))


class FeatureImportance(Owned, Base):
    """How much one version relies on each input, measured once in the sandbox."""

    __tablename__ = "feature_importances"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "version"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    source: Mapped[str] = mapped_column(String(300))
    """The table the rows were taken from."""
    has_outcomes: Mapped[bool]
    """Whether answers were compared with what came true, or with the untouched answers."""
    rows: Mapped[int]
    loss: Mapped[float | None]
    """Of the untouched rows."""
    importance: Mapped[dict[str, float]] = mapped_column(JSON)
    """Input → how much the loss grew."""
    spread: Mapped[dict[str, float]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it could not be measured."""
    measured_at: Mapped[dt.datetime]


class JointReference(Owned, Base):
    """What one version's inputs looked like together in the reference."""

    __tablename__ = "joint_references"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "version"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    name: Mapped[str | None] = mapped_column(String(600))
    """`None`: the first live rows, because training told nothing."""
    kept: Mapped[list[str]] = mapped_column(JSON)
    """The inputs whose values capture kept; others are not looked at."""
    model: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`joint_packing.pack_model`; `None`: `reason` says why there is none."""
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[dt.datetime]


class JointHour(Owned, Base):
    """Sums over kept rows of one version in one hour, on the reference's model."""

    __tablename__ = "joint_hours"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "version", "at"),)

    deployment_id: Mapped[uuid.UUID]
    version: Mapped[int]
    at: Mapped[dt.datetime]
    rows: Mapped[int]
    """That were looked at: all of them, or an even sample."""
    error: Mapped[float]
    """Sum of the rows' reconstruction errors."""
    squares: Mapped[float]
    moments: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`joint_packing.pack_sums`; dropped when the hour is old."""
    computed_at: Mapped[dt.datetime]


class SafeguardCount(Owned, Base):
    """Calls that one safeguard held against in five minutes."""

    __tablename__ = "safeguard_counts"
    __table_args__ = (UniqueConstraint("workspace_id", "deployment_id", "name", "action", "at"),)

    deployment_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(16))
    at: Mapped[dt.datetime]
    calls: Mapped[int]
    rows: Mapped[int]
    examples: Mapped[list[list[Any]]] = mapped_column(JSON)
    """Prediction id and row, the newest first."""


class FleetView(Owned, Base):
    """A saved view of the fleet page."""

    __tablename__ = "fleet_views"

    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(Text)
    """The search part of the page's address, without `?`."""
    is_shared: Mapped[bool]
    owner_id: Mapped[uuid.UUID | None]
    owner_name: Mapped[str] = mapped_column(String(320))
    updated_at: Mapped[dt.datetime]
