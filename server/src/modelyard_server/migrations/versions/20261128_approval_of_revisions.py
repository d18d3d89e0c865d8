"""approval of revisions"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_approval_of_revisions"
down_revision = "20261128_availability"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("approval", sa.JSON(none_as_null=True), nullable=True)
    op.add_column("deployment_revisions", column)


def downgrade() -> None:
    op.drop_column("deployment_revisions", "approval")
