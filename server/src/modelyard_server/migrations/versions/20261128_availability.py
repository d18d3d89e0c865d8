"""availability"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_availability"
down_revision = "20261128_quota_of_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched_components",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_watched_components"),
    )
    op.create_table(
        "outages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("component", sa.String(20), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outages"),
    )
    op.create_index("ix_outages_component", "outages", ["component", "began_at"])


def downgrade() -> None:
    op.drop_table("outages")
    op.drop_table("watched_components")
