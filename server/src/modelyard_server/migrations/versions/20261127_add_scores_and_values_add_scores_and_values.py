"""add scores and values"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_scores_and_values"
down_revision = "20261127_add_rows_and_verdicts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outcome_values",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("positive", sa.String(length=500), nullable=False),
        sa.Column("true_positive", sa.Double(), nullable=False),
        sa.Column("false_positive", sa.Double(), nullable=False),
        sa.Column("true_negative", sa.Double(), nullable=False),
        sa.Column("false_negative", sa.Double(), nullable=False),
        sa.Column("per_row", sa.Double(), nullable=False),
        sa.Column("per_unit_of_error", sa.Double(), nullable=False),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_outcome_values")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            name=op.f("uq_outcome_values_workspace_id_deployment_id"),
        ),
    )
    op.add_column("outcomes", sa.Column("score", sa.Double(), nullable=True))
    state.secure(op.get_bind(), ["outcome_values"])


def downgrade() -> None:
    op.drop_column("outcomes", "score")
    op.drop_table("outcome_values")
