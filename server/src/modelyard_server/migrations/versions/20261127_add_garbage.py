"""add garbage"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_garbage"
down_revision = "20261127_trace_issues"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "garbage_collections",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("is_scheduled", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("started_by_name", sa.String(length=320), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "finished_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("removed_count", sa.BigInteger(), nullable=False),
        sa.Column("removed_bytes", sa.BigInteger(), nullable=False),
        sa.Column("expired_count", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_garbage_collections")),
    )
    with op.batch_alter_table("garbage_collections", schema=None) as batch_op:
        batch_op.create_index(
            "ix_garbage_collections_recent", ["workspace_id", "created_at"], unique=False
        )

    op.create_table(
        "garbage_marks",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "marked_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_garbage_marks")),
        sa.UniqueConstraint(
            "workspace_id", "sha256", name=op.f("uq_garbage_marks_workspace_id_sha256")
        ),
    )
    with op.batch_alter_table("garbage_marks", schema=None) as batch_op:
        batch_op.create_index("ix_garbage_marks_due", ["workspace_id", "marked_at"], unique=False)

    op.add_column("runs", sa.Column("deleted_ms", sa.BigInteger(), nullable=True))

    state.secure(op.get_bind(), ["garbage_collections", "garbage_marks"])


def downgrade() -> None:
    op.drop_column("runs", "deleted_ms")

    with op.batch_alter_table("garbage_marks", schema=None) as batch_op:
        batch_op.drop_index("ix_garbage_marks_due")

    op.drop_table("garbage_marks")
    with op.batch_alter_table("garbage_collections", schema=None) as batch_op:
        batch_op.drop_index("ix_garbage_collections_recent")

    op.drop_table("garbage_collections")
