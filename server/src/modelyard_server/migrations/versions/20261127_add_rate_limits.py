"""add rate limits"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_rate_limits"
down_revision = "20261127_registry_bin"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_limits",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("route_class", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column(
            "per_minute",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "burst", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_rate_limits")),
        sa.UniqueConstraint(
            "workspace_id",
            "route_class",
            "subject",
            "subject_id",
            name=op.f("uq_rate_limits_workspace_id_route_class_subject_subject_id"),
        ),
    )
    state.secure(op.get_bind(), ["rate_limits"])


def downgrade() -> None:
    op.drop_table("rate_limits")
