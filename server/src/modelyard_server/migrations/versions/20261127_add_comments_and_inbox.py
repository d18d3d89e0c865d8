"""add comments and inbox"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_comments_and_inbox"
down_revision = "20261127_add_uploads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resource_type", sa.String(length=40), nullable=False),
        sa.Column("resource_id", sa.String(length=80), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.String(length=320), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "edited_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "deleted_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("deleted_by_name", sa.String(length=320), nullable=True),
        sa.Column(
            "resolved_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("resolved_by_name", sa.String(length=320), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_comments")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comments_resource",
            ["workspace_id", "resource_type", "resource_id", "created_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_comments_thread", ["workspace_id", "thread_id", "created_at"], unique=False
        )

    op.create_table(
        "inbox_items",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("resource_type", sa.String(length=40), nullable=False),
        sa.Column("resource_id", sa.String(length=80), nullable=False),
        sa.Column("resource_name", sa.String(length=512), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("actor_name", sa.String(length=320), nullable=False),
        sa.Column("excerpt", sa.String(length=300), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("read_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "comment_id"],
            ["comments.workspace_id", "comments.id"],
            name=op.f("fk_inbox_items_workspace_id_comment_id_comments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_inbox_items")),
    )
    with op.batch_alter_table("inbox_items", schema=None) as batch_op:
        batch_op.create_index(
            "ix_inbox_items_comment", ["workspace_id", "comment_id"], unique=False
        )
        batch_op.create_index(
            "ix_inbox_items_person", ["workspace_id", "user_id", "created_at", "id"], unique=False
        )

    state.secure(op.get_bind(), ["comments", "inbox_items"])


def downgrade() -> None:
    with op.batch_alter_table("inbox_items", schema=None) as batch_op:
        batch_op.drop_index("ix_inbox_items_person")
        batch_op.drop_index("ix_inbox_items_comment")

    op.drop_table("inbox_items")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index("ix_comments_thread")
        batch_op.drop_index("ix_comments_resource")

    op.drop_table("comments")
