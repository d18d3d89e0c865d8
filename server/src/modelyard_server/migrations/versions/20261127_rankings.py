"""Rankings: what a model put in order, beside its outcome."""

import sqlalchemy as sa
from alembic import op

revision = "20261127_rankings"
down_revision = "20261127_dataset_fields"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outcomes", sa.Column("ranked", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("outcomes", "ranked")
