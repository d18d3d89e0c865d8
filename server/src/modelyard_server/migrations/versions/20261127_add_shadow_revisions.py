"""add shadow revisions"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_shadow_revisions"
down_revision = "20261127_add_garbage"
branch_labels = None
depends_on = None
TENANT_TABLES = ["shadow_calls", "shadow_counts"]


def upgrade() -> None:
    op.create_table(
        "shadow_calls",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("prediction_id", sa.String(length=128), nullable=False),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=True),
        sa.Column("outputs", sa.Text(), nullable=True),
        sa.Column("shadow_outputs", sa.Text(), nullable=True),
        sa.Column("differs", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_shadow_calls")),
    )
    op.create_index(
        "ix_shadow_calls_newest",
        "shadow_calls",
        ["workspace_id", "deployment_id", "revision", "at"],
    )

    op.create_table(
        "shadow_counts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "revision", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "calls", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "failed", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "dropped", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "differing", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("latency", sa.JSON(), nullable=False),
        sa.Column("live_latency", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_shadow_counts")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "revision",
            "at",
            name=op.f("uq_shadow_counts_workspace_id_deployment_id_revision_at"),
        ),
    )
    op.add_column(
        "deployments",
        sa.Column(
            "shadow_percent",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            server_default="0",
            nullable=False,
        ),
    )
    state.secure(op.get_bind(), TENANT_TABLES)


def downgrade() -> None:
    op.drop_column("deployments", "shadow_percent")

    op.drop_table("shadow_counts")
    op.drop_index("ix_shadow_calls_newest", table_name="shadow_calls")
    op.drop_table("shadow_calls")
