"""add fault"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_fault"
down_revision = "20261127_add_evaluation_datasets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment_revisions", sa.Column("fault", sa.String(length=8), nullable=True))


def downgrade() -> None:
    op.drop_column("deployment_revisions", "fault")
