"""scan verdicts"""

import sqlalchemy as sa
from alembic import op

import modelyard_server.kernel.db
from modelyard_server.migrations import state

revision = "20261127_scan_verdicts"
down_revision = "20261127_model_cards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_verdicts",
        sa.Column("workspace_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column(
            "scanner", sa.BigInteger().with_variant(sa.BigInteger(), "postgresql"), nullable=False
        ),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("format_path", sa.Text(), nullable=True),
        sa.Column("format_evidence", sa.Text(), nullable=False),
        sa.Column("why_not_deployable", sa.Text(), nullable=True),
        sa.Column(
            "scanned_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=False
        ),
        sa.Column(
            "released_at", modelyard_server.kernel.db.UtcDateTime(timezone=True), nullable=True
        ),
        sa.Column("released_by_name", sa.String(length=320), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_scan_verdicts")),
        sa.UniqueConstraint(
            "workspace_id", "digest", name=op.f("uq_scan_verdicts_workspace_id_digest")
        ),
    )
    state.secure(op.get_bind(), ["scan_verdicts"])


def downgrade() -> None:
    op.drop_table("scan_verdicts")
