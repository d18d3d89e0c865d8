"""price of running"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_price_of_running"
down_revision = "20261127_log_webhook_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("environments", sa.Column("price", sa.JSON(none_as_null=True), nullable=True))
    for name in ("slept_seconds", "slept_counted"):
        column = sa.Column(name, sa.Float(), server_default="0", nullable=False)
        op.add_column("deployment_revisions", column)


def downgrade() -> None:
    for name in ("slept_counted", "slept_seconds"):
        op.drop_column("deployment_revisions", name)
    op.drop_column("environments", "price")
