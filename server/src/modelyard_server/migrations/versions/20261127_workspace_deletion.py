"""add the deletion of workspaces"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db

revision = "20261127_workspace_deletion"
down_revision = "20261127_add_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "workspaces",
        sa.Column(
            "deleted_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
    )


def downgrade() -> None:
    op.drop_column("workspaces", "deleted_at")
