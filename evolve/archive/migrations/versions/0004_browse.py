"""Gaps as columns, and indices that hold what lists of candidates and calls show, without their texts."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SPLITS = ("train", "validation", "test")


def upgrade() -> None:
    for split in SPLITS:
        op.add_column("candidates", sa.Column(f"gap_{split}", sa.Float(53)))
    _fill()
    columns = "run number name operator proposer model status failure_kind size decision_seconds price evaluations"
    columns += " told created finished gap_train gap_validation gap_test id"
    op.create_index("candidates_browse", "candidates", columns.split())
    op.add_column("completions", sa.Column("replied", sa.BigInteger(), nullable=False, server_default="1"))
    completions = sa.table("completions", sa.column("reply"), sa.column("replied"))
    op.execute(completions.update().where(completions.c.reply.is_(None)).values(replied=0))
    columns = (
        "run created number turn model input_tokens output_tokens cached_tokens cost seconds attempt_count replied"
    )
    op.create_index("completions_browse", "completions", columns.split())


def _fill() -> None:
    connection = op.get_bind()
    table = sa.table("candidates", *map(sa.column, ("id", "gaps", *(f"gap_{split}" for split in SPLITS))))
    rows = []
    for id, gaps in connection.execute(sa.select(table.c.id, table.c.gaps)):
        measured = json.loads(gaps)
        rows.append({"key": id, **{f"gap_{split}": measured.get(split) for split in SPLITS}})
    if rows:
        connection.execute(sa.update(table).where(table.c.id == sa.bindparam("key")), rows)
