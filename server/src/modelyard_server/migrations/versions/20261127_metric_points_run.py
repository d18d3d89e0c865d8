"""Take the foreign key off metric points on PostgreSQL: rows of run_metrics hold their run."""

from alembic import op

revision = "20261127_metric_points_run"
down_revision = "20261127_batches"
branch_labels = None
depends_on = None

NAME = "fk_metric_points_workspace_id_run_id_runs"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, "metric_points", type_="foreignkey")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_foreign_key(
            NAME,
            "metric_points",
            "runs",
            ["workspace_id", "run_id"],
            ["workspace_id", "id"],
            ondelete="CASCADE",
        )
