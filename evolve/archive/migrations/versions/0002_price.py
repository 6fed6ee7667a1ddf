"""What a candidate's calls cost the search."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("candidates", sa.Column("price", sa.Float(53), nullable=False, server_default="0"))
