"""add rows and verdicts"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_rows_and_verdicts"
down_revision = "20261127_add_lanes_of_revisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "capture_counts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "sampled_out",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_capture_counts")),
    )
    with op.batch_alter_table("capture_counts", schema=None) as batch_op:
        batch_op.create_index("ix_capture_counts", ["workspace_id", "deployment_id"], unique=False)

    op.create_table(
        "capture_policies",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column(
            "retention_days",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.Column("entity_column", sa.String(length=200), nullable=True),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_capture_policies")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            name=op.f("uq_capture_policies_workspace_id_deployment_id"),
        ),
    )
    op.create_table(
        "capture_segments",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column(
            "first_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("last_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "size_bytes",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_capture_segments")),
    )
    with op.batch_alter_table("capture_segments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_capture_segments_span", ["workspace_id", "deployment_id", "first_at"], unique=False
        )

    op.create_table(
        "drift_results",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("window", sa.String(length=8), nullable=False),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("quality", sa.String(length=20), nullable=False),
        sa.Column("quality_reason", sa.Text(), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.Column(
            "computed_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_drift_results")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            "window",
            "at",
            name=op.f("uq_drift_results_workspace_id_deployment_id_version_window_at"),
        ),
    )
    with op.batch_alter_table("drift_results", schema=None) as batch_op:
        batch_op.create_index(
            "ix_drift_results_newest", ["workspace_id", "window", "at"], unique=False
        )
    state.secure(
        op.get_bind(), ["drift_results", "capture_policies", "capture_segments", "capture_counts"]
    )


def downgrade() -> None:
    with op.batch_alter_table("drift_results", schema=None) as batch_op:
        batch_op.drop_index("ix_drift_results_newest")

    op.drop_table("drift_results")
    with op.batch_alter_table("capture_segments", schema=None) as batch_op:
        batch_op.drop_index("ix_capture_segments_span")

    op.drop_table("capture_segments")
    op.drop_table("capture_policies")
    with op.batch_alter_table("capture_counts", schema=None) as batch_op:
        batch_op.drop_index("ix_capture_counts")

    op.drop_table("capture_counts")
