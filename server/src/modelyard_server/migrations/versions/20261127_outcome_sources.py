"""outcome sources"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_outcome_sources"
down_revision = "20261127_fleet_views"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = modelyard_server.kernel.db.UtcDateTime(timezone=True)
    op.create_table(
        "outcome_pulls",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("asked_by_name", sa.String(length=320), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_outcome_pulls")),
    )
    op.create_index("ix_outcome_pulls_deployment", "outcome_pulls", ["deployment_id", "started_at"])
    op.create_table(
        "outcome_sources",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("target", sa.String(length=2100), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("every_minutes", sa.BigInteger(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("mark", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("next_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_outcome_sources")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            name=op.f("uq_outcome_sources_workspace_id_deployment_id"),
        ),
    )
    state.secure(op.get_bind(), ["outcome_pulls", "outcome_sources"])


def downgrade() -> None:
    op.drop_table("outcome_sources")
    op.drop_table("outcome_pulls")
