"""Lists of runs and candidates without their programs and prompts: quick where an archive holds many.

Every query is answered from the index that holds GLIMPSE or CALL alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, select

from evolve.archive import rows
from evolve.archive.database import Database
from evolve.archive.schema import CandidateRow, CompletionRow, EvaluationRow, LineageRow, RunRow
from evolve.archive.sessions import as_it_is
from evolve.records import BUILT_IN, Call, Run, Status

Column = Literal["number", "told", "gap_train", "gap_validation", "gap_test", "size", "decision_seconds"]


@dataclass(frozen=True)
class Glimpse:
    """What lists show of a candidate; see `evolve.records.Candidate`."""

    id: str
    run: str
    number: int
    name: str | None
    operator: str
    proposer: str
    model: str | None
    status: Status
    failure_kind: str | None
    size: int | None
    decision_seconds: float | None
    price: float
    evaluations: float
    told: int | None
    created: float
    finished: float | None
    gap_train: float | None
    gap_validation: float | None
    gap_test: float | None

    @property
    def proposed(self) -> bool:
        """Whether the search asked for it."""
        return self.number > 0 and self.proposer != BUILT_IN

    @property
    def gaps(self) -> dict[str, float]:
        """Mean gap by split, for the splits that lists show."""
        gaps = {"train": self.gap_train, "validation": self.gap_validation, "test": self.gap_test}
        return {split: gap for split, gap in gaps.items() if gap is not None}

    @property
    def train(self) -> float | None:
        """Mean gap on train."""
        return self.gap_train

    @property
    def by(self) -> str:
        """Who wrote it."""
        return self.model or self.proposer


@dataclass(frozen=True)
class Summary:
    """A run in a list. ended: how many proposals by status; best: the smallest gap on train of a valid one."""

    run: Run
    ended: Mapping[str, int]
    best: float | None
    champion: Glimpse | None

    @property
    def candidates(self) -> int:
        return sum(self.ended.values())


@dataclass(frozen=True)
class Wanted:
    """Which candidates a list shows: all given must hold. text: part of an id, a name, an operator or a model.
    humans: only the initial programs and the baselines, or none of them."""

    run: str | None = None
    runs: tuple[str, ...] | None = None
    problem: str | None = None
    fingerprint: str | None = None
    status: str | None = None
    operator: str | None = None
    by: str | None = None
    text: str = ""
    humans: bool | None = None
    sort: Column = "gap_validation"
    falling: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class Listing:
    """A page of a list, and how many candidates all pages hold."""

    rows: list[Glimpse]
    total: int


_GLIMPSE = [getattr(CandidateRow, field.name) for field in fields(Glimpse)]
_PROPOSED = (CandidateRow.number > 0) & (CandidateRow.proposer != BUILT_IN)
_BY = func.coalesce(CandidateRow.model, CandidateRow.proposer)


class Browser(Database):
    """What pages with many candidates read."""

    def summaries(self) -> list[Summary]:
        """All runs, the newest first."""
        row = CandidateRow
        best = func.min(row.gap_train).label("best")
        counted = select(row.run, row.status, func.count().label("n"), best).where(_PROPOSED)
        champions = select(*_GLIMPSE).join(RunRow, RunRow.champion == row.id)
        with self._reading() as connection:
            runs = connection.execute(select(RunRow.__table__).order_by(RunRow.created.desc(), RunRow.id)).mappings()
            found = [as_it_is(connection, rows.to_run(dict(record))) for record in runs]
            ended: dict[str, dict[str, int]] = {}
            bests: dict[str, float] = {}
            for record in connection.execute(counted.group_by(row.run, row.status)).mappings():
                ended.setdefault(record["run"], {})[record["status"]] = record["n"]
                if record["status"] == "valid" and record["best"] is not None:
                    bests[record["run"]] = record["best"]
            kept = {one.id: one for one in _glimpses(connection.execute(champions))}
        return [Summary(run, ended.get(run.id, {}), bests.get(run.id), kept.get(run.champion or "")) for run in found]

    def listing(self, wanted: Wanted) -> Listing:
        """The candidates that are wanted, those without a value last."""
        of = _conditions(wanted)
        column: ColumnElement[Any] = getattr(CandidateRow, wanted.sort)
        order = column.desc() if wanted.falling else column.asc()
        # Counted in the same pass where texts are looked through, which takes longest; else faster by itself.
        total = select(func.count()).select_from(CandidateRow).join(RunRow, RunRow.id == CandidateRow.run).where(*of)
        counted = func.count().over() if wanted.text else total.scalar_subquery()
        query = select(*_GLIMPSE, counted).join(RunRow, RunRow.id == CandidateRow.run).where(*of)
        page = query.order_by(column.is_(None), order, CandidateRow.run, CandidateRow.number)
        with self._reading() as connection:
            found = connection.execute(page.limit(wanted.limit).offset(wanted.offset)).all()
            held = found[0][-1] if found else connection.execute(total).scalar()
        return Listing(_glimpses(record[:-1] for record in found), held or 0)

    def choices(self, run: str | None = None, problem: str | None = None) -> dict[str, list[str]]:
        """What there is to filter by: statuses, operators and writers of a run's or a problem's candidates."""
        row = CandidateRow
        query = select(row.status, row.operator, _BY.label("by")).join(RunRow, RunRow.id == row.run)
        of = _conditions(Wanted(run=run, problem=problem))
        with self._reading() as connection:
            found = list(connection.execute(query.where(*of).distinct()).mappings())
        return {name: sorted({record[name] for record in found}) for name in ("status", "operator", "by")}

    def glimpses(self, run: str) -> list[Glimpse]:
        """All candidates of a run, by number."""
        query = select(*_GLIMPSE).where(CandidateRow.run == run).order_by(CandidateRow.number)
        with self._reading() as connection:
            return _glimpses(connection.execute(query))

    def humans(self, run: str) -> list[Glimpse]:
        """The initial program and the baselines of a run."""
        of = (CandidateRow.run == run) & (CandidateRow.number <= 0)
        with self._reading() as connection:
            return _glimpses(connection.execute(select(*_GLIMPSE).where(of).order_by(CandidateRow.number)))

    def parents(self, run: str) -> dict[str, list[str]]:
        """The parents of a run's candidates, the one that was worked on last."""
        query = select(LineageRow.candidate_id, LineageRow.parent_id).where(LineageRow.role == "parent")
        query = query.join(CandidateRow, CandidateRow.id == LineageRow.candidate_id).where(CandidateRow.run == run)
        found: dict[str, list[str]] = {}
        with self._reading() as connection:
            for child, parent in connection.execute(query.order_by(LineageRow.candidate_id, LineageRow.position)):
                found.setdefault(child, []).append(parent)
        return found

    def finished(self, run: str) -> list[float]:
        """When the candidates of a run ended, those that have."""
        query = select(CandidateRow.finished).where((CandidateRow.run == run) & CandidateRow.finished.is_not(None))
        with self._reading() as connection:
            return [moment for moment in connection.execute(query).scalars() if moment is not None]

    def splits_of(self, candidates: Sequence[str]) -> dict[str, list[str]]:
        """The splits on which candidates are measured, by their ids."""
        row = EvaluationRow
        query = select(row.candidate_id, row.split).where(row.candidate_id.in_(candidates)).distinct()
        found: dict[str, list[str]] = {id: [] for id in candidates}
        with self._reading() as connection:
            for id, split in connection.execute(query):
                found[id].append(split)
        return found

    def children(self, candidate: str) -> list[Glimpse]:
        """What was made of a candidate."""
        query = select(*_GLIMPSE).join(LineageRow, LineageRow.candidate_id == CandidateRow.id).distinct()
        query = query.where((LineageRow.parent_id == candidate) & (LineageRow.role == "parent"))
        with self._reading() as connection:
            return _glimpses(connection.execute(query.order_by(CandidateRow.number)))

    def calls(self, run: str) -> list[Call]:
        """A run's prompts in the order in which they were answered."""
        row = CompletionRow
        tokens = (row.input_tokens + row.output_tokens).label("tokens")
        query = select(
            *(row.number, row.turn, row.model, row.created.label("came"), tokens, row.cost, row.seconds),
            row.replied,
        )
        with self._reading() as connection:
            found = connection.execute(query.where(row.run == run).order_by(row.created, row.number)).mappings()
            return [Call(**{**record, "replied": bool(record["replied"])}) for record in found]

    def stamp(self, run: str | None = None) -> str:
        """Changes whenever something of a run, or of any run, has changed that pages show."""
        row, calls = CandidateRow, CompletionRow
        ended = func.coalesce(func.sum(row.told), 0), func.count(row.finished), func.count(row.gap_validation)
        counted = select(func.count(), *ended, func.count(row.gap_test))
        asked = select(func.count()).select_from(calls)
        states = select(RunRow.id, RunRow.status, RunRow.champion).order_by(RunRow.id)
        if run is not None:
            counted, asked = counted.where(row.run == run), asked.where(calls.run == run)
            states = states.where(RunRow.id == run)
        with self._reading() as connection:
            numbers = [*connection.execute(counted).one(), connection.execute(asked).scalar()]
            shown = f"{numbers} {connection.execute(states).all()}"
        return hashlib.blake2b(shown.encode(), digest_size=8).hexdigest()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    row = CandidateRow
    of: list[ColumnElement[bool]] = []
    exact = (
        (row.run, wanted.run),
        (RunRow.problem, wanted.problem),
        (RunRow.fingerprint, wanted.fingerprint),
        (row.status, wanted.status),
        (row.operator, wanted.operator),
        (_BY, wanted.by),
    )
    of += [column == value for column, value in exact if value]
    if wanted.runs is not None:
        of.append(row.run.in_(wanted.runs))
    if wanted.humans is not None:
        of.append(row.number <= 0 if wanted.humans else row.number > 0)
    if words := wanted.text.split():
        # One text to look through; words hold no space, and so lie within one of its parts.
        text = row.id + " " + func.coalesce(row.name, "") + " " + row.operator + " " + _BY + " " + row.status
        of += [text.icontains(word, autoescape=True) for word in words]
    return of


def _glimpses(found: Iterable[Any]) -> list[Glimpse]:
    return [Glimpse(*record) for record in found]
