"""add run views"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_add_run_views"
down_revision = "20261127_environments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_views",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("owner_name", sa.String(length=256), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            name=op.f("fk_run_views_workspace_id_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_run_views")),
    )
    with op.batch_alter_table("run_views", schema=None) as batch_op:
        batch_op.create_index(
            "ix_run_views_experiment", ["workspace_id", "experiment_id"], unique=False
        )
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_runs_status", ["workspace_id", "status", "experiment_id", "id"], unique=False
        )
    state.secure(op.get_bind(), ["run_views"])


def downgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_index("ix_runs_status")
    with op.batch_alter_table("run_views", schema=None) as batch_op:
        batch_op.drop_index("ix_run_views_experiment")
    op.drop_table("run_views")
