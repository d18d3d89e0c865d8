"""entity outcomes"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_entity_outcomes"
down_revision = "20261128_token_counts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entity_outcomes",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "entity", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "word", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=True
        ),
        sa.Column(
            "since_us", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "at_us", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "received_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_entity_outcomes")),
        sa.UniqueConstraint(
            "workspace_id",
            "deployment_id",
            "entity",
            "at_us",
            name=op.f("uq_entity_outcomes_workspace_id_deployment_id_entity_at_us"),
        ),
    )
    with op.batch_alter_table("entity_outcomes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_entity_outcomes_received",
            ["workspace_id", "deployment_id", "received_at"],
            unique=False,
        )

    op.create_table(
        "entity_rows",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "entity", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column(
            "at_us", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("prediction_id", sa.String(length=128), nullable=False),
        sa.Column(
            "row", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_entity_rows")),
    )
    with op.batch_alter_table("entity_rows", schema=None) as batch_op:
        batch_op.create_index(
            "ix_entity_rows_at", ["workspace_id", "deployment_id", "at_us"], unique=False
        )
        batch_op.create_index(
            "ix_entity_rows_entity",
            ["workspace_id", "deployment_id", "entity", "at_us"],
            unique=False,
        )
    state.secure(op.get_bind(), ["entity_outcomes", "entity_rows"])


def downgrade() -> None:
    op.drop_table("entity_rows")
    op.drop_table("entity_outcomes")
