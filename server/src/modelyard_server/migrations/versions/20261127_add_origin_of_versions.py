"""add origin of versions"""

import sqlalchemy as sa
from alembic import op

revision = "20261127_add_origin_of_versions"
down_revision = "20261127_add_shadow_revisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("model_versions", sa.Column("origin", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("model_versions", "origin")
