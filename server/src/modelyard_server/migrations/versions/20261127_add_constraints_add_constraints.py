"""add constraints"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_constraints"
down_revision = "20261127_add_scaling"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "constraint_counts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_constraint_counts")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            "at",
            name=op.f("uq_constraint_counts_workspace_id_deployment_id_version_at"),
        ),
    )
    op.create_table(
        "constraint_sets",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_constraint_sets")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            name=op.f("uq_constraint_sets_workspace_id_deployment_id"),
        ),
    )
    state.secure(op.get_bind(), ["constraint_counts", "constraint_sets"])


def downgrade() -> None:
    op.drop_table("constraint_sets")
    op.drop_table("constraint_counts")
