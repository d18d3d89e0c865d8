"""add feature importances"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_feature_importances"
down_revision = "20261127_add_drivers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feature_importances",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("has_outcomes", sa.Boolean(), nullable=False),
        sa.Column(
            "rows", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("loss", sa.Double(), nullable=True),
        sa.Column("importance", sa.JSON(), nullable=False),
        sa.Column("spread", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "measured_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_feature_importances")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "version",
            name=op.f("uq_feature_importances_workspace_id_deployment_id_version"),
        ),
    )
    served = sa.text("'served'")
    op.add_column(
        "deployments",
        sa.Column("kind", sa.String(length=16), server_default=served, nullable=False),
    )
    op.add_column(
        "reference_tables",
        sa.Column("is_baseline", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    state.secure(op.get_bind(), ["feature_importances"])


def downgrade() -> None:
    op.drop_column("reference_tables", "is_baseline")
    op.drop_column("deployments", "kind")
    op.drop_table("feature_importances")
