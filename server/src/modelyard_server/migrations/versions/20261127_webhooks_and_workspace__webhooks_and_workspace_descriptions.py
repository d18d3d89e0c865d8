"""webhooks and workspace descriptions"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_webhooks_and_workspace_"
down_revision = "20261127_add_run_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "last_delivered_at",
            modelyard_server.kernel.db.UtcDateTime(timezone=True),
            nullable=True,
        ),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_webhooks")),
    )
    with op.batch_alter_table("workspaces", schema=None) as batch_op:
        batch_op.add_column(sa.Column("description", sa.Text(), server_default="", nullable=False))

    state.secure(op.get_bind(), ["webhooks"])


def downgrade() -> None:
    with op.batch_alter_table("workspaces", schema=None) as batch_op:
        batch_op.drop_column("description")

    op.drop_table("webhooks")
