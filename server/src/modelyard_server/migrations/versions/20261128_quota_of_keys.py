"""quota of keys"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_quota_of_keys"
down_revision = "20261127_entity_outcomes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("requests_per_month", sa.BigInteger(), nullable=True)
    op.add_column("endpoint_keys", column)


def downgrade() -> None:
    op.drop_column("endpoint_keys", "requests_per_month")
