"""add issues of traces, scorers, and traces that runs wait for"""

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_trace_issues"
down_revision = "20261127_add_reference_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorer_versions",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scorer_id", sa.String(length=36), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column(
            "version", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("serialized", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            name=op.f("fk_scorer_versions_workspace_id_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_scorer_versions")),
        sa.UniqueConstraint(
            "workspace_id",
            "experiment_id",
            "name",
            "version",
            name=op.f("uq_scorer_versions_workspace_id_experiment_id_name_version"),
        ),
    )
    op.create_table(
        "trace_issues",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=True),
        sa.Column("root_causes", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("source_run_id", sa.String(length=32), nullable=True),
        sa.Column("created_by", sa.String(length=320), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            name=op.f("fk_trace_issues_workspace_id_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_trace_issues")),
    )
    op.create_index(
        "ix_trace_issues_experiment",
        "trace_issues",
        ["workspace_id", "experiment_id", "created_ms"],
    )

    op.create_table(
        "awaited_traces",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "run_id"],
            ["runs.workspace_id", "runs.id"],
            name=op.f("fk_awaited_traces_workspace_id_run_id_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_awaited_traces")),
        sa.UniqueConstraint(
            "workspace_id",
            "trace_id",
            "run_id",
            name=op.f("uq_awaited_traces_workspace_id_trace_id_run_id"),
        ),
    )
    state.secure(op.get_bind(), ["awaited_traces", "scorer_versions", "trace_issues"])


def downgrade() -> None:
    op.drop_table("awaited_traces")
    op.drop_table("trace_issues")
    op.drop_table("scorer_versions")
