"""proof variables"""

import sqlalchemy as sa
from alembic import op

revision = "20261128_proof_variables"
down_revision = "20261128_approval_of_revisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deployment_revisions", sa.Column("proof_variables", sa.String(64)))


def downgrade() -> None:
    op.drop_column("deployment_revisions", "proof_variables")
