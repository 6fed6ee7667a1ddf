"""The archive's tables. A change here needs a migration in `migrations/versions` and a new entry in REVISIONS."""

from __future__ import annotations

import json
import re
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

REVISIONS = ("0001", "0002", "0003", "0004")  # oldest first; kept here so that an open need not import alembic
VERSION_TABLE = "evolve_schema"

_UNSTORABLE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")


class Str(TypeDecorator[str]):
    """Any Python string, losslessly. PostgreSQL refuses NUL and no database takes lone surrogates, and programs and
    models write both: they are kept as U+001A and four hexadecimal digits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _UNSTORABLE.sub(lambda match: f"\x1a{ord(match[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or "\x1a" not in value:
            return value
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)


class Json(TypeDecorator[Any]):
    """Plain data as JSON text: PostgreSQL's own type refuses NaN, infinities and NUL, which gaps and texts can hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"), default=plain)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def plain(value: Any) -> Any:
    """numpy's scalars and arrays, which strategies leave in their notes."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} cannot be stored in the archive")


# What lists show. The programs beside it would make a list of 50,000 read a hundred megabytes.
GLIMPSE = (
    *("run", "number", "name", "operator", "proposer", "model", "status", "failure_kind", "size", "decision_seconds"),
    *("price", "evaluations", "told", "created", "finished", "gap_train", "gap_validation", "gap_test"),
)
CALL = (
    *("run", "created", "number", "turn", "model", "input_tokens", "output_tokens", "cached_tokens", "cost"),
    *("seconds", "attempt_count", "replied"),
)


class Base(DeclarativeBase):
    type_annotation_map = {str: Str, float: Float(53), int: BigInteger}  # noqa: RUF012


class RunRow(Base):
    """One search."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(primary_key=True)
    problem: Mapped[str]
    folder: Mapped[str]
    fingerprint: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(Json)
    seed: Mapped[int] = mapped_column(Json)  # a seed may be longer than 64 bits
    status: Mapped[str]
    champion: Mapped[str | None]
    created: Mapped[float]
    finished: Mapped[float | None]
    version: Mapped[str]

    __table_args__ = (Index("runs_problem", "problem"),)


class CandidateRow(Base):
    """One program and what became of it."""

    __tablename__ = "candidates"

    id: Mapped[str] = mapped_column(primary_key=True)
    run: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    number: Mapped[int]
    name: Mapped[str | None]
    operator: Mapped[str]
    proposer: Mapped[str]
    model: Mapped[str | None]
    status: Mapped[str]
    note: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str | None]
    thought: Mapped[str | None]
    syntax: Mapped[str | None]
    behaviour: Mapped[str | None]
    size: Mapped[int | None]
    duplicate_of: Mapped[str | None]
    failure_kind: Mapped[str | None]
    failure_message: Mapped[str | None]
    failure_instance: Mapped[str | None]
    gaps: Mapped[dict[str, float]] = mapped_column(Json)
    decision_seconds: Mapped[float | None]
    seconds: Mapped[float | None]
    stdout: Mapped[str]
    stderr: Mapped[str]
    price: Mapped[float] = mapped_column(server_default="0")
    evaluations: Mapped[float] = mapped_column(server_default="0")
    told: Mapped[int | None]
    created: Mapped[float]
    finished: Mapped[float | None]
    gap_train: Mapped[float | None]  # as in `gaps`, for lists to filter and to sort by
    gap_validation: Mapped[float | None]
    gap_test: Mapped[float | None]

    __table_args__ = (
        UniqueConstraint("run", "number", name="candidates_run_number"),
        Index("candidates_browse", *GLIMPSE, "id"),
    )


class LineageRow(Base):
    """Who a candidate came from: its parents and inspirations, in the order in which the prompt showed them."""

    __tablename__ = "lineage"

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)  # parent | inspiration
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"))

    __table_args__ = (Index("lineage_parent", "parent_id"),)


class CompletionRow(Base):
    """One prompt and what the proposer answered. attempts is the list, attempt_count its length."""

    __tablename__ = "completions"

    run: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    request_key: Mapped[str]
    messages: Mapped[list[Any]] = mapped_column(Json)
    reply: Mapped[str | None]
    model: Mapped[str | None]
    error: Mapped[str | None]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cached_tokens: Mapped[int]
    estimated: Mapped[bool]
    cost: Mapped[float | None]
    seconds: Mapped[float]
    finish_reason: Mapped[str | None]
    attempts: Mapped[list[Any]] = mapped_column(Json)
    attempt_count: Mapped[int]
    replied: Mapped[int]  # 1, or 0 where there is an error instead; an index cannot hold texts of any length
    created: Mapped[float]

    __table_args__ = (Index("completions_browse", *CALL),)


class EvaluationRow(Base):
    """What a candidate achieved on one instance."""

    __tablename__ = "evaluations"

    candidate_id: Mapped[str] = mapped_column(ForeignKey("candidates.id"), primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    instance: Mapped[str]
    instance_group: Mapped[str]
    cost: Mapped[float]
    reference: Mapped[float]
    gap: Mapped[float]
    metrics: Mapped[dict[str, float]] = mapped_column(Json)
    relabelling: Mapped[int]

    # The key is most of the row: without a rowid SQLite keeps one tree instead of two.
    __table_args__ = ({"sqlite_with_rowid": False},)


class MeasurementRow(Base):
    """What a program achieves on a split of a problem, whatever the run: baselines are measured once."""

    __tablename__ = "measurements"

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str] = mapped_column(primary_key=True)
    results: Mapped[list[Any]] = mapped_column(Json)
    created: Mapped[float]


class EventRow(Base):
    """Something that happened in a run, in order."""

    __tablename__ = "events"

    # SQLite counts up by itself only in a column that is exactly INTEGER.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    run: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    time: Mapped[float]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(Json)

    __table_args__ = (Index("events_run", "run", "id"), {"sqlite_autoincrement": True})
