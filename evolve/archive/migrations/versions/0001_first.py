"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Key = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=nullable)


def _integer(name: str, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _real(name: str, nullable: bool = False) -> "sa.Column[float]":
    return sa.Column(name, sa.Float(53), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "runs",
        *(_text(name) for name in ("id", "problem", "folder", "fingerprint", "config", "seed", "status")),
        _text("champion", nullable=True),
        _real("created"),
        _real("finished", nullable=True),
        _text("version"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("runs_problem", "runs", ["problem"])

    op.create_table(
        "candidates",
        _text("id"),
        _text("run"),
        _integer("number"),
        _text("name", nullable=True),
        _text("operator"),
        _text("proposer"),
        _text("model", nullable=True),
        _text("status"),
        _text("note"),
        *(_text(name, nullable=True) for name in ("source", "thought", "syntax", "behaviour")),
        _integer("size", nullable=True),
        _text("duplicate_of", nullable=True),
        *(_text(f"failure_{name}", nullable=True) for name in ("kind", "message", "instance")),
        _text("gaps"),
        _real("decision_seconds", nullable=True),
        _real("seconds", nullable=True),
        _text("stdout"),
        _text("stderr"),
        _integer("told", nullable=True),
        _real("created"),
        _real("finished", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"]),
        sa.UniqueConstraint("run", "number", name="candidates_run_number"),
    )

    op.create_table(
        "lineage",
        _text("candidate_id"),
        _text("role"),
        _integer("position"),
        _text("parent_id"),
        sa.PrimaryKeyConstraint("candidate_id", "role", "position"),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"]),
        sa.ForeignKeyConstraint(["parent_id"], ["candidates.id"]),
    )
    op.create_index("lineage_parent", "lineage", ["parent_id"])

    op.create_table(
        "completions",
        _text("run"),
        _integer("number"),
        _integer("turn"),
        _text("request_key"),
        _text("messages"),
        *(_text(name, nullable=True) for name in ("reply", "model", "error")),
        *(_integer(f"{name}_tokens") for name in ("input", "output", "cached")),
        sa.Column("estimated", sa.Boolean, nullable=False),
        _real("cost", nullable=True),
        _real("seconds"),
        _text("finish_reason", nullable=True),
        _text("attempts"),
        _integer("attempt_count"),
        _real("created"),
        sa.PrimaryKeyConstraint("run", "number", "turn"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"]),
    )

    op.create_table(
        "evaluations",
        _text("candidate_id"),
        _text("split"),
        _integer("position"),
        _text("instance"),
        _text("instance_group"),
        _real("cost"),
        _real("reference"),
        _real("gap"),
        _text("metrics"),
        _integer("relabelling"),
        sa.PrimaryKeyConstraint("candidate_id", "split", "position"),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"]),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "measurements",
        *(_text(name) for name in ("fingerprint", "program", "split", "results")),
        _real("created"),
        sa.PrimaryKeyConstraint("fingerprint", "program", "split"),
    )

    op.create_table(
        "events",
        sa.Column("id", Key, nullable=False),
        _text("run"),
        _real("time"),
        _text("kind"),
        _text("data"),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"]),
        sqlite_autoincrement=True,
    )
    op.create_index("events_run", "events", ["run", "id"])
