"""Add pieces of long histories; take the foreign key off metric points on PostgreSQL.

Rows of `run_metrics`, which are written with every point, hold the run there.
"""

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_metric_pieces"
down_revision = "20261127_add_constraints"
branch_labels = None
depends_on = None

POINTS_RUN = "fk_metric_points_workspace_id_run_id_runs"


def upgrade() -> None:
    op.create_table(
        "metric_pieces",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("is_nan", sa.Boolean(), nullable=False),
        sa.Column("after_step", sa.BigInteger(), nullable=False),
        sa.Column("after_ms", sa.BigInteger(), nullable=False),
        sa.Column("after_value", sa.Double(), nullable=False),
        sa.Column("after_is_nan", sa.Boolean(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["runs.workspace_id", "runs.id"],
            name=op.f("fk_metric_pieces_workspace_id_run_id_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "run_id",
            "key_id",
            "step",
            "at_ms",
            "value",
            "is_nan",
            name=op.f("pk_metric_pieces"),
        ),
        sqlite_with_rowid=False,
    )
    state.secure(op.get_bind(), ["metric_pieces"])
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(POINTS_RUN, "metric_points", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(
            POINTS_RUN,
            "metric_points",
            "runs",
            ["workspace_id", "run_id"],
            ["workspace_id", "id"],
            ondelete="CASCADE",
        )
    op.drop_table("metric_pieces")
