"""add reference tables"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_reference_tables"
down_revision = "20261127_workspace_deletion"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reference_tables",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column(
            "size_bytes",
            sa.BigInteger(),
            nullable=False,
        ),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("has_answers", sa.Boolean(), nullable=False),
        sa.Column("has_outcomes", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("created_by_name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_reference_tables")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            name=op.f("uq_reference_tables_workspace_id_deployment_id"),
        ),
    )
    state.secure(op.get_bind(), ["reference_tables"])


def downgrade() -> None:
    op.drop_table("reference_tables")
