"""token counts"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261128_token_counts"
down_revision = "20261127_rankings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "token_counts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("key_id", sa.String(length=40), nullable=False),
        sa.Column(
            "resolution",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "calls", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "prompt", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "completion",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "deployment_id"],
            ["deployments.workspace_id", "deployments.id"],
            name=op.f("fk_token_counts_workspace_id_deployment_id_deployments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_token_counts")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            "key_id",
            "resolution",
            "at",
            name="uq_token_counts_place",
        ),
    )

    state.secure(op.get_bind(), ["token_counts"])


def downgrade() -> None:
    op.drop_table("token_counts")
