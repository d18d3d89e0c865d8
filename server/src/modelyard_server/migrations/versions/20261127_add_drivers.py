"""add drivers"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_add_drivers"
down_revision = "20261127_add_origin_of_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "deployment_revisions",
        sa.Column("driver", sa.String(20), server_default="process", nullable=False),
    )
    op.add_column("deployment_revisions", sa.Column("image", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("deployment_revisions", "image")
    op.drop_column("deployment_revisions", "driver")
