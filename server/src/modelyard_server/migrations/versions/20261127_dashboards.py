"""dashboards"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_dashboards"
down_revision = "20261127_price_of_running"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dashboards",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("window", sa.String(length=8), nullable=False),
        sa.Column("panels", sa.JSON(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_dashboards")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_dashboards_workspace_id_name")),
    )
    state.secure(op.get_bind(), ["dashboards"])


def downgrade() -> None:
    op.drop_table("dashboards")
