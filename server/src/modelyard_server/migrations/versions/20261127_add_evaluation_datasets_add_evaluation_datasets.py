"""add evaluation datasets"""

import sqlalchemy as sa
from alembic import op

from modelyard_server.migrations import state

revision = "20261127_add_evaluation_datasets"
down_revision = "20261127_add_traces"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluation_datasets",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_evaluation_datasets")),
    )
    op.create_table(
        "evaluation_dataset_experiments",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("experiment_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "dataset_id"],
            ["evaluation_datasets.workspace_id", "evaluation_datasets.id"],
            name=op.f(
                "fk_evaluation_dataset_experiments_workspace_id_dataset_id_evaluation_datasets"
            ),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "experiment_id"],
            ["experiments.workspace_id", "experiments.id"],
            name=op.f("fk_evaluation_dataset_experiments_workspace_id_experiment_id_experiments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "workspace_id", "id", name=op.f("pk_evaluation_dataset_experiments")
        ),
        sa.UniqueConstraint(
            "workspace_id",
            "dataset_id",
            "experiment_id",
            name=op.f("uq_evaluation_dataset_experiments_workspace_id_dataset_id_experiment_id"),
        ),
    )
    op.create_table(
        "evaluation_records",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataset_id", sa.String(length=36), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "dataset_id"],
            ["evaluation_datasets.workspace_id", "evaluation_datasets.id"],
            name=op.f("fk_evaluation_records_workspace_id_dataset_id_evaluation_datasets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_evaluation_records")),
        sa.UniqueConstraint(
            "workspace_id",
            "dataset_id",
            "inputs_sha256",
            name=op.f("uq_evaluation_records_workspace_id_dataset_id_inputs_sha256"),
        ),
    )
    state.secure(
        op.get_bind(),
        ["evaluation_datasets", "evaluation_records", "evaluation_dataset_experiments"],
    )


def downgrade() -> None:
    op.drop_table("evaluation_records")
    op.drop_table("evaluation_dataset_experiments")
    op.drop_table("evaluation_datasets")
