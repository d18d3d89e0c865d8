"""Add chunks: points of a metric that came together, in one row."""

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_metric_chunks"
down_revision = "20261127_dashboards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    of_run = sa.ForeignKeyConstraint(
        ["workspace_id", "run_id"],
        ["runs.workspace_id", "runs.id"],
        name=op.f("fk_metric_chunks_workspace_id_run_id_runs"),
        ondelete="CASCADE",
    )
    op.create_table(
        "metric_chunks",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("is_nan", sa.Boolean(), nullable=False),
        sa.Column("first_step", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id",
            "run_id",
            "key_id",
            "step",
            "at_ms",
            "value",
            "is_nan",
            name=op.f("pk_metric_chunks"),
        ),
        # On PostgreSQL rows of `run_metrics`, which are written with every chunk, hold the run.
        *([] if on_postgres else [of_run]),
    )
    state.secure(op.get_bind(), ["metric_chunks"])
    if on_postgres:  # numbers that differ hardly shrink, and trying takes time
        op.execute("ALTER TABLE metric_chunks ALTER COLUMN content SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("metric_chunks")
