"""Note which runs changed, so that searches in memory can follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_add_run_changes"
down_revision = "20261127_notification_channels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_changes",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "run_id", name=op.f("pk_run_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_run_changes_seq", "run_changes", ["workspace_id", "experiment_id", "seq", "run_id"]
    )
    state.secure(op.get_bind(), ["run_changes"])


def downgrade() -> None:
    op.drop_table("run_changes")
