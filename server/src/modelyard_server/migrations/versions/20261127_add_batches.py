"""add batches"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_batches"
down_revision = "20261127_add_feature_importances"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("deployment_name", sa.String(length=300), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=True
        ),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column(
            "parts", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("outputs", sa.JSON(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_failed", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "started_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("ended_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_batches")),
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index(
            "ix_batches_newest", ["workspace_id", "deployment_id", "created_at"], unique=False
        )
        batch_op.create_index("ix_batches_status", ["workspace_id", "status"], unique=False)
    state.secure(op.get_bind(), ["batches"])


def downgrade() -> None:
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.drop_index("ix_batches_status")
        batch_op.drop_index("ix_batches_newest")
    op.drop_table("batches")
