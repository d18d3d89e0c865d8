"""replaced keys"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_replaced_keys"
down_revision = "20261128_proof_variables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("replaced_by", sa.String(length=16), nullable=True)
    op.add_column("endpoint_keys", column)


def downgrade() -> None:
    op.drop_column("endpoint_keys", "replaced_by")
