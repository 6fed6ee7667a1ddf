"""How many evaluations a candidate took."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("candidates", sa.Column("evaluations", sa.Float(53), nullable=False, server_default="0"))
