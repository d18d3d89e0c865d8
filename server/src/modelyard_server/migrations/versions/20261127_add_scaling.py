"""add scaling"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_add_scaling"
down_revision = "20261127_batches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployments", sa.Column("scaling", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("deployments", "scaling")
