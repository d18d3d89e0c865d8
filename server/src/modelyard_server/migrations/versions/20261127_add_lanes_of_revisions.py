"""add lanes of revisions"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_add_lanes_of_revisions"
down_revision = "20261127_fault"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment_revisions", sa.Column("lane", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("deployment_revisions", "lane")
