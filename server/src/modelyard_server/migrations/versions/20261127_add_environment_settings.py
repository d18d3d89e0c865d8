"""add environment settings"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_environments"
down_revision = "20261127_add_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "environment_secrets",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("environment", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column(
            "updated_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("updated_by_name", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "environment"],
            ["environments.workspace_id", "environments.slug"],
            name=op.f("fk_environment_secrets_workspace_id_environment_environments"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_environment_secrets")),
        sa.UniqueConstraint(
            "workspace_id",
            "environment",
            "name",
            name=op.f("uq_environment_secrets_workspace_id_environment_name"),
        ),
    )
    op.add_column(
        "deployment_revisions", sa.Column("promoted_from", sa.String(length=200), nullable=True)
    )

    op.add_column("environments", sa.Column("variables", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("environments", sa.Column("quota", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("environments", sa.Column("policy", sa.JSON(none_as_null=True), nullable=True))
    state.secure(op.get_bind(), ["environment_secrets"])


def downgrade() -> None:
    op.drop_column("environments", "policy")
    op.drop_column("environments", "quota")
    op.drop_column("environments", "variables")

    op.drop_column("deployment_revisions", "promoted_from")

    op.drop_table("environment_secrets")
