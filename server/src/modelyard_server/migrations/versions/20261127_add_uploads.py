"""Let files arrive in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_uploads"
down_revision = "20261127_add_scores_and_values"
branch_labels = None
depends_on = None

PATH = sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql")
INSTANT = modelyard_server.kernel.db.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("path", PATH, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_path", "uploads", ["workspace_id", "path"])
    op.create_table(
        "upload_parts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "id"],
            ["uploads.workspace_id", "uploads.id"],
            name=op.f("fk_upload_parts_workspace_id_id_uploads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", "number", name=op.f("pk_upload_parts")),
    )
    op.create_index("ix_upload_parts_content", "upload_parts", ["workspace_id", "sha256"])
    state.secure(op.get_bind(), ["uploads", "upload_parts"])


def downgrade() -> None:
    op.drop_table("upload_parts")
    op.drop_table("uploads")
