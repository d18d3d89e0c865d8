"""model cards protected aliases"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_model_cards"
down_revision = "20261127_add_comments_and_inbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "protected_aliases",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.String(length=255), nullable=False),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_protected_aliases")),
        sa.UniqueConstraint(
            "workspace_id", "alias", name=op.f("uq_protected_aliases_workspace_id_alias")
        ),
    )
    with op.batch_alter_table("registered_models", schema=None) as batch_op:
        batch_op.add_column(sa.Column("card", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column(
                "card_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column("licence", sa.String(length=100), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("task", sa.String(length=60), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("owner_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("owner_name", sa.String(length=320), server_default="", nullable=False)
        )

    state.secure(op.get_bind(), ["protected_aliases"])


def downgrade() -> None:
    with op.batch_alter_table("registered_models", recreate="never") as batch_op:
        batch_op.drop_column("owner_name")
        batch_op.drop_column("owner_id")
        batch_op.drop_column("task")
        batch_op.drop_column("licence")
        batch_op.drop_column("card_at")
        batch_op.drop_column("card")

    op.drop_table("protected_aliases")
