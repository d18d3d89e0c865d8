"""registry bin"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_registry_bin"
down_revision = "20261127_scan_verdicts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_bin",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=True
        ),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("model_facts", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "deleted_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("deleted_by_name", sa.String(length=320), nullable=False),
        sa.Column(
            "purge_after", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_registry_bin")),
    )
    with op.batch_alter_table("registry_bin", schema=None) as batch_op:
        batch_op.create_index("ix_registry_bin_due", ["workspace_id", "purge_after"], unique=False)

    state.secure(op.get_bind(), ["registry_bin"])


def downgrade() -> None:
    with op.batch_alter_table("registry_bin", schema=None) as batch_op:
        batch_op.drop_index("ix_registry_bin_due")

    op.drop_table("registry_bin")
