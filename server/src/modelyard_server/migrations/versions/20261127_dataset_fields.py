"""dataset fields"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_dataset_fields"
down_revision = "20261127_outcome_hours"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evaluation_datasets", sa.Column("fields", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("evaluation_datasets", "fields")
