"""joint drift"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_joint_drift"
down_revision = "20261127_metric_chunks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "joint_hours",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("error", sa.Double(), nullable=False),
        sa.Column("squares", sa.Double(), nullable=False),
        sa.Column("moments", sa.LargeBinary(), nullable=True),
        sa.Column(
            "computed_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_joint_hours")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            "at",
            name=op.f("uq_joint_hours_workspace_id_deployment_id_version_at"),
        ),
    )
    op.create_table(
        "joint_references",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("name", sa.String(length=600), nullable=True),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_joint_references")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            name=op.f("uq_joint_references_workspace_id_deployment_id_version"),
        ),
    )
    state.secure(op.get_bind(), ["joint_hours", "joint_references"])


def downgrade() -> None:
    op.drop_table("joint_references")
    op.drop_table("joint_hours")
