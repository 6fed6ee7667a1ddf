"""Writing to an archive. Every method is one transaction, and may be repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, update

from evaluators.evaluate import InstanceResult
from evolve.archive import rows
from evolve.archive.database import Database
from evolve.archive.errors import ArchiveError
from evolve.archive.schema import (
    CandidateRow,
    CompletionRow,
    EvaluationRow,
    EventRow,
    LineageRow,
    MeasurementRow,
    RunRow,
)
from evolve.records import Candidate, Completion, Message, Run


class Writer(Database):
    """What a run writes."""

    def create_run(self, run: Run) -> None:
        with self._writing() as connection:
            connection.execute(insert(RunRow), {name: getattr(run, name) for name in rows.RUN_COLUMNS})

    def update_run(self, run: Run) -> None:
        row = {name: getattr(run, name) for name in rows.RUN_COLUMNS}
        with self._writing() as connection:
            if connection.execute(update(RunRow).where(RunRow.id == run.id), row).rowcount == 0:
                raise ArchiveError(f"there is no run {run.id} to update")

    def save_candidate(
        self,
        candidate: Candidate,
        evaluations: Mapping[str, Sequence[InstanceResult]] | None = None,
        relabelling: int = 0,
    ) -> None:
        """Save a candidate, its lineage, and what it achieved on the splits given; other splits stay as they are."""
        lineage = rows.lineage_rows(candidate)
        with self._writing() as connection:
            _upsert(connection, CandidateRow, {"id": candidate.id}, rows.candidate_row(candidate))
            connection.execute(delete(LineageRow).where(LineageRow.candidate_id == candidate.id))
            if lineage:
                connection.execute(insert(LineageRow), lineage)
            for split, results in (evaluations or {}).items():
                mine = (EvaluationRow.candidate_id == candidate.id) & (EvaluationRow.split == split)
                connection.execute(delete(EvaluationRow).where(mine))
                if results:
                    values = rows.evaluation_rows(candidate.id, split, results, relabelling)
                    connection.execute(insert(EvaluationRow), values)

    def save_completion(
        self,
        run: str,
        number: int,
        turn: int,
        request_key: str,
        messages: Sequence[Message],
        completion: Completion,
    ) -> None:
        """Save the answer to a prompt, and the prompt. A repeated call replaces the one before."""
        row = {**rows.completion_row(completion, messages), "request_key": request_key, "created": time.time()}
        with self._writing() as connection:
            _upsert(connection, CompletionRow, {"run": run, "number": number, "turn": turn}, row)

    def save_measured(
        self, problem_fingerprint: str, program_hash: str, split: str, results: Sequence[InstanceResult]
    ) -> None:
        """Keep what a program achieves on a split, for other runs."""
        key = {"fingerprint": problem_fingerprint, "program": program_hash, "split": split}
        values = [[r.instance, r.group, r.cost, r.reference, r.gap, dict(r.metrics)] for r in results]
        with self._writing() as connection:
            _upsert(connection, MeasurementRow, key, {"results": values, "created": time.time()})

    def event(self, run: str, kind: str, data: Mapping[str, Any] | None = None) -> None:
        """Note that something happened."""
        with self._writing() as connection:
            row = {"run": run, "time": time.time(), "kind": kind, "data": dict(data or {})}
            connection.execute(insert(EventRow), row)


def _upsert(connection: Connection, entity: type[Any], key: dict[str, Any], row: dict[str, Any]) -> None:
    # UPDATE first, then INSERT, is understood by every database, and the write lock is held already.
    table: Table = entity.__table__
    where = [table.c[name] == value for name, value in key.items()]
    if connection.execute(update(table).where(*where), row).rowcount == 0:
        connection.execute(insert(table), {**row, **key})
