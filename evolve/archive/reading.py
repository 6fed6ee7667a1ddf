"""Reading records back from an archive."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from evaluators.evaluate import InstanceResult
from evolve.archive import rows
from evolve.archive.database import Database
from evolve.archive.errors import ArchiveError
from evolve.archive.rows import Event, Usage
from evolve.archive.schema import (
    CandidateRow,
    CompletionRow,
    EvaluationRow,
    EventRow,
    LineageRow,
    MeasurementRow,
    RunRow,
)
from evolve.archive.sessions import as_it_is
from evolve.records import BUILT_IN, Candidate, Completion, Message, Run

RECENT = 5


class Reader(Database):
    """What a run, a resumed run and a report read."""

    def run(self, id: str) -> Run:
        """A run by its id, or by a prefix that no other run has."""
        with self._reading() as connection:
            row = _find(connection, RunRow, id)
            if row is not None:
                return as_it_is(connection, rows.to_run(row))
            newest = select(RunRow.id).order_by(RunRow.created.desc(), RunRow.id).limit(RECENT)
            recent = ", ".join(connection.execute(newest).scalars())
        raise ArchiveError(
            f"no run {id!r} in the archive; " + (f"the latest are {recent}" if recent else "it is empty")
        )

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self._reading() as connection:
            found = connection.execute(select(RunRow.__table__).order_by(RunRow.created, RunRow.id)).mappings()
            return [as_it_is(connection, rows.to_run(dict(row))) for row in found]

    def candidate(self, id: str) -> Candidate:
        """A candidate by its id, or by a prefix that no other candidate has."""
        with self._reading() as connection:
            row = _find(connection, CandidateRow, id)
            if row is None:
                raise ArchiveError(f"no candidate {id!r} in the archive")
            lineage = _lineage(connection, _LINEAGE.where(LineageRow.candidate_id == row["id"]))
        return rows.to_candidate(row, lineage[row["id"]])

    def candidates_of(self, run: str) -> list[Candidate]:
        """The candidates of a run, by number."""
        of_run = select(CandidateRow.__table__).where(CandidateRow.run == run).order_by(CandidateRow.number)
        with self._reading() as connection:
            joined = _LINEAGE.join(CandidateRow, CandidateRow.id == LineageRow.candidate_id)
            lineage = _lineage(connection, joined.where(CandidateRow.run == run))
            found = connection.execute(of_run).mappings()
            return [rows.to_candidate(dict(row), lineage[row["id"]]) for row in found]

    def counts(self, run: str) -> dict[str, int]:
        """How many of a run's proposals ended in which status; what its end made is none."""
        row = CandidateRow
        proposed = (row.run == run) & (row.number > 0) & (row.proposer != BUILT_IN)
        query = select(row.status, func.count()).where(proposed).group_by(row.status)
        with self._reading() as connection:
            return {row.status: row[1] for row in connection.execute(query)}

    def results(self, candidate_id: str, split: str) -> list[InstanceResult]:
        """What a candidate achieved on a split, instance by instance; empty where it was not measured."""
        mine = (EvaluationRow.candidate_id == candidate_id) & (EvaluationRow.split == split)
        query = select(EvaluationRow.__table__).where(mine).order_by(EvaluationRow.position)
        with self._reading() as connection:
            return [rows.to_result(dict(row)) for row in connection.execute(query).mappings()]

    def measured(self, problem_fingerprint: str, program_hash: str, split: str) -> list[InstanceResult] | None:
        """What `save_measured` kept, None if nothing."""
        key = (problem_fingerprint, program_hash, split)
        where = (MeasurementRow.fingerprint, MeasurementRow.program, MeasurementRow.split)
        query = select(MeasurementRow.results).where(
            *(column == value for column, value in zip(where, key, strict=True))
        )
        with self._reading() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else [InstanceResult(*result) for result in found]

    def completion(self, run: str, number: int, turn: int) -> Completion | None:
        """The answer to one prompt, None if it was not asked or not answered yet."""
        found = [completion for at, _, completion in self.completions(run, number) if at == turn]
        return found[0] if found else None

    def completions(self, run: str, number: int) -> list[tuple[int, list[Message], Completion]]:
        """The conversation about one candidate: (turn, messages, completion), by turn."""
        mine = (CompletionRow.run == run) & (CompletionRow.number == number)
        query = select(CompletionRow.__table__).where(mine).order_by(CompletionRow.turn)
        with self._reading() as connection:
            found = connection.execute(query).mappings()
            return [(row["turn"], *rows.to_completion(dict(row))) for row in found]

    def events(self, run: str) -> list[Event]:
        """What happened in a run, in order."""
        query = select(EventRow.__table__).where(EventRow.run == run).order_by(EventRow.id)
        with self._reading() as connection:
            return [Event(**row) for row in connection.execute(query).mappings()]

    def usage(self, run: str) -> Usage:
        """What a run has asked of its proposers so far."""
        row = CompletionRow
        sums = {
            "failed_calls": 1 - row.replied,
            "unpriced_calls": case(((row.replied == 1) & row.cost.is_(None), 1), else_=0),
            "attempts": row.attempt_count,
            "input_tokens": row.input_tokens,
            "output_tokens": row.output_tokens,
            "cached_tokens": row.cached_tokens,
        }
        columns = [func.coalesce(func.sum(column), 0).label(name) for name, column in sums.items()]
        cost = func.coalesce(func.sum(row.cost), 0.0).label("cost")
        query = select(func.count().label("calls"), cost, *columns).where(row.run == run)
        with self._reading() as connection:
            total = connection.execute(query).mappings().one()
        # PostgreSQL sums integers to decimals.
        counts = {name: int(total[name]) for name in ("calls", *sums)}
        return Usage(cost=float(total["cost"]), **counts)


_LINEAGE = (
    select(LineageRow.candidate_id, LineageRow.role, LineageRow.parent_id)
    .select_from(LineageRow)
    .order_by(LineageRow.candidate_id, LineageRow.role, LineageRow.position)
)


def _lineage(connection: Connection, query: Select[str, str, str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for candidate, role, parent in connection.execute(query):
        found[candidate].append((role, parent))
    return found


def _find(connection: Connection, entity: type[RunRow] | type[CandidateRow], id: str) -> dict[str, Any] | None:
    """The row with this id, or the only one whose id starts so; None if there is none."""
    table = select(entity.__table__)
    exact = connection.execute(table.where(entity.id == id)).mappings().first()
    if exact is not None or not id:
        return dict(exact) if exact is not None else None
    query = table.where(entity.id.startswith(id, autoescape=True)).order_by(entity.id).limit(RECENT + 1)
    found = connection.execute(query).mappings().all()
    if len(found) > 1:
        raise ArchiveError(f"{id!r} is ambiguous: {', '.join(row['id'] for row in found[:RECENT])}; give more letters")
    return dict(found[0]) if found else None
