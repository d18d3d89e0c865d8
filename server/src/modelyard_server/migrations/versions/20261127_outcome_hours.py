"""Outcomes of an hour, packed column by column."""

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_outcome_hours"
down_revision = "20261127_outcome_sources"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outcome_hours",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("packed_as", sa.BigInteger(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_outcome_hours")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "hour",
            name=op.f("uq_outcome_hours_workspace_id_deployment_id_hour"),
        ),
    )
    state.secure(op.get_bind(), ["outcome_hours"])


def downgrade() -> None:
    op.drop_table("outcome_hours")
