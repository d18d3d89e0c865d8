"""tokens of keys"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_tokens_of_keys"
down_revision = "20261128_replaced_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("tokens_per_month", sa.BigInteger(), nullable=True)
    op.add_column("endpoint_keys", column)


def downgrade() -> None:
    op.drop_column("endpoint_keys", "tokens_per_month")
