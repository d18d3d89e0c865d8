"""oauth clients"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261128_oauth_clients"
down_revision = "20261128_tokens_of_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("client_id", sa.String(length=48), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "secret_number",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=False,
        ),
        sa.Column("old_secret_sha256", sa.String(length=64), nullable=True),
        sa.Column(
            "old_secret_until", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("environments", sa.JSON(none_as_null=True), nullable=True),
        sa.Column(
            "requests_per_minute",
            sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "created_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.String(length=320), nullable=False),
        sa.Column(
            "last_used_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "token_noted_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column(
            "revoked_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_oauth_clients")),
        sa.UniqueConstraint(
            "workspace_id", "client_id", name=op.f("uq_oauth_clients_workspace_id_client_id")
        ),
    )
    op.create_index(
        "ix_oauth_clients_created", "oauth_clients", ["workspace_id", "created_at", "id"]
    )
    state.secure(op.get_bind(), ["oauth_clients"])


def downgrade() -> None:
    op.drop_table("oauth_clients")
