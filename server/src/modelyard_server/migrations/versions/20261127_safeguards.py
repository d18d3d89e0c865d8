"""safeguards"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_safeguards"
down_revision = "20261127_joint_drift"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "safeguard_counts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "calls", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_safeguard_counts")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "name",
            "action",
            "at",
            name=op.f("uq_safeguard_counts_workspace_id_deployment_id_name_action_at"),
        ),
    )
    op.add_column("deployments", sa.Column("safeguards", sa.JSON(none_as_null=True), nullable=True))

    state.secure(op.get_bind(), ["safeguard_counts"])


def downgrade() -> None:
    op.drop_column("deployments", "safeguards")
    op.drop_table("safeguard_counts")
