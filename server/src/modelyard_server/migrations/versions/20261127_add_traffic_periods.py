"""add traffic periods"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_traffic_periods"
down_revision = "20261127_flags"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "traffic_periods",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("model_name", sa.String(length=255), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "weight", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("from_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("actor_name", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            name=op.f("fk_traffic_periods_workspace_id_deployment_id_deployments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_traffic_periods")),
    )
    op.create_index(
        "ix_traffic_periods_from",
        "traffic_periods",
        ["workspace_id", "deployment_id", "from_at"],
        unique=False,
    )

    op.add_column(
        "deployment_revisions", sa.Column("server_id", sa.String(length=32), nullable=True)
    )
    op.add_column(
        "deployment_revisions", sa.Column("strategy", sa.JSON(none_as_null=True), nullable=True)
    )
    op.add_column(
        "deployment_revisions", sa.Column("shift", sa.JSON(none_as_null=True), nullable=True)
    )

    op.add_column(
        "deployments",
        sa.Column(
            "candidate_number",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=True,
        ),
    )
    op.add_column(
        "deployments",
        sa.Column(
            "candidate_weight",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            server_default="0",
            nullable=False,
        ),
    )
    op.add_column(
        "deployments",
        sa.Column(
            "fallback_number",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=True,
        ),
    )
    op.add_column(
        "deployments",
        sa.Column(
            "fallback_until", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
    )
    state.secure(op.get_bind(), ["traffic_periods"])


def downgrade() -> None:
    op.drop_column("deployments", "fallback_until")
    op.drop_column("deployments", "fallback_number")
    op.drop_column("deployments", "candidate_weight")
    op.drop_column("deployments", "candidate_number")

    op.drop_column("deployment_revisions", "shift")
    op.drop_column("deployment_revisions", "strategy")
    op.drop_column("deployment_revisions", "server_id")

    op.drop_index("ix_traffic_periods_from", "traffic_periods")

    op.drop_table("traffic_periods")
