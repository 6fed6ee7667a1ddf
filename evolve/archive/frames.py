"""Reading an archive as pandas frames, for reports and notebooks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from evolve.archive.database import Database
from evolve.archive.schema import CandidateRow, CompletionRow, EvaluationRow, LineageRow, RunRow

if TYPE_CHECKING:
    import pandas as pd

SPLITS = ("train", "validation", "test")  # always columns; others follow where they were measured
LEADERBOARD = ["program", "candidate", "run", "number", "proposer", "model", "operator"]


class Frames(Database):
    """Frames with one row per thing. Times are UTC timestamps, gaps per cent, lower is better."""

    def candidates(self, run: str | None = None, problem: str | None = None) -> pd.DataFrame:
        """All candidates, of a run or of a problem: one `gap_<split>` column per measured split."""
        import pandas as pd

        of = _chosen(run, problem)
        skip = ("id", "run", "gaps", "stdout", "stderr", *(f"gap_{split}" for split in SPLITS))
        others = [column for column in CandidateRow.__table__.columns if column.name not in skip]
        query = select(CandidateRow.id, CandidateRow.run, RunRow.problem, *others, CandidateRow.gaps)
        query = query.join(RunRow, RunRow.id == CandidateRow.run).where(*of)
        ties = select(LineageRow.candidate_id, LineageRow.role, LineageRow.parent_id).select_from(LineageRow)
        ties = ties.join(CandidateRow, CandidateRow.id == LineageRow.candidate_id)
        ties = ties.join(RunRow, RunRow.id == CandidateRow.run).where(*of).order_by(LineageRow.position)
        lineage: dict[tuple[str, str], list[str]] = defaultdict(list)
        with self._reading() as connection:
            for candidate, role, parent in connection.execute(ties):
                lineage[candidate, role].append(parent)
            frame = _frame(connection, query.order_by(RunRow.created, RunRow.id, CandidateRow.number))
        for name, role in (("parents", "parent"), ("inspirations", "inspiration")):
            frame[name] = pd.Series([tuple(lineage[id, role]) for id in frame["id"]], dtype=object)
        gaps = list(frame.pop("gaps"))
        for split in reversed(_splits(gaps)):
            values = pd.Series([gap.get(split) for gap in gaps], dtype=float)
            frame.insert(list(frame.columns).index("name") + 1, f"gap_{split}", values)
        return _timed(frame)

    def evaluations(
        self, run: str | None = None, candidate: str | None = None, split: str | None = None
    ) -> pd.DataFrame:
        """One row per candidate, split and instance; each metric of the evaluator is a column `metric_<name>`."""
        import pandas as pd

        row = EvaluationRow
        query = select(
            CandidateRow.run,
            CandidateRow.number,
            row.candidate_id.label("candidate"),
            row.split,
            row.position,
            row.instance,
            row.instance_group.label("group"),
            row.cost,
            row.reference,
            row.gap,
            row.relabelling,
            row.metrics,
        ).join(CandidateRow, CandidateRow.id == row.candidate_id)
        for column, value in ((CandidateRow.run, run), (row.candidate_id, candidate), (row.split, split)):
            if value is not None:
                query = query.where(column == value)
        with self._reading() as connection:
            frame = _frame(connection, query.order_by(CandidateRow.run, CandidateRow.number, row.split, row.position))
        metrics = list(frame.pop("metrics"))
        for name in dict.fromkeys(name for record in metrics for name in record):
            frame[f"metric_{name}"] = pd.Series([record.get(name) for record in metrics], dtype=float)
        return frame

    def completions_frame(self, run: str) -> pd.DataFrame:
        """One row per prompt of a run, in order of candidate and turn; the texts are left out."""
        skip = ("messages", "reply", "attempts", "attempt_count", "replied")
        columns = [column for column in CompletionRow.__table__.columns if column.name not in skip]
        replied = (CompletionRow.replied == 1).label("replied")
        query = select(*columns, CompletionRow.attempt_count.label("attempts"), replied)
        ordered = query.where(CompletionRow.run == run).order_by(CompletionRow.number, CompletionRow.turn)
        with self._reading() as connection:
            return _timed(_frame(connection, ordered))

    def leaderboard(self, problem: str, fingerprint: str | None = None) -> pd.DataFrame:
        """The valid programs of a problem, best validation gap first; a baseline is there once.

        Gaps compare only within one version of a problem: that of `fingerprint`, by default the latest run's.
        """
        import pandas as pd

        if fingerprint is None:
            latest = (
                select(RunRow.fingerprint).where(RunRow.problem == problem).order_by(RunRow.created.desc()).limit(1)
            )
            with self._reading() as connection:
                fingerprint = connection.execute(latest).scalar() or ""
        row = CandidateRow
        of = (RunRow.problem == problem) & (RunRow.fingerprint == fingerprint) & (row.status == "valid")
        fields = [row.run, row.number, row.proposer, row.model, row.operator, row.gaps, row.decision_seconds, row.size]
        query = select(row.id.label("candidate"), row.name, row.syntax, *fields)
        query = query.join(RunRow, RunRow.id == row.run).where(of).order_by(RunRow.created.desc(), row.number)
        counts = select(EvaluationRow.candidate_id, EvaluationRow.split, func.count()).select_from(EvaluationRow)
        counts = counts.join(row, row.id == EvaluationRow.candidate_id).join(RunRow, RunRow.id == row.run).where(of)
        with self._reading() as connection:
            found = [dict(record) for record in connection.execute(query).mappings()]
            grouped = connection.execute(counts.group_by(EvaluationRow.candidate_id, EvaluationRow.split))
            instances = {(candidate, split): count for candidate, split, count in grouped}
        splits = _splits([record["gaps"] for record in found])
        table: dict[object, dict[str, Any]] = {}
        for record in found:
            # The initial program and the baselines are the same in every run: the latest run's stands for all. It may
            # have taken its gaps from an earlier one, which alone knows how long they took.
            same = (record["name"], record["syntax"]) if record["number"] <= 0 else record["candidate"]
            if same in table:
                if table[same]["decision_seconds"] is None:
                    table[same]["decision_seconds"] = record["decision_seconds"]
                continue
            table[same] = row_of = {**record, "program": record["name"] or record["candidate"]}
            for split in splits:
                row_of[f"gap_{split}"] = record["gaps"].get(split)
                row_of[f"n_{split}"] = instances.get((record["candidate"], split), 0)
        measured = [name for split in splits for name in (f"gap_{split}", f"n_{split}")]
        frame = pd.DataFrame(list(table.values()), columns=[*LEADERBOARD, *measured, "decision_seconds", "size"])
        for split in splits:
            frame[f"gap_{split}"] = frame[f"gap_{split}"].astype(float)
        ranked = _typed(frame).sort_values(["gap_validation", "gap_train", "size"], na_position="last", kind="stable")
        return ranked.reset_index(drop=True)


def _chosen(run: str | None, problem: str | None) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if run is not None:
        chosen.append(CandidateRow.run == run)
    if problem is not None:
        chosen.append(RunRow.problem == problem)
    return chosen


def _splits(found: list[dict[str, float]]) -> list[str]:
    measured = {split for gaps in found for split in gaps}
    return [*SPLITS, *sorted(measured - set(SPLITS))]


def _frame(connection: Connection, query: Select[*tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    result = connection.execute(query)
    names = list(result.keys())
    return _typed(pd.DataFrame([tuple(row) for row in result], columns=names))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Give numeric columns their type where every value is missing, or some integers are."""
    for name in frame.columns.intersection(["decision_seconds", "seconds", "cost", "created", "finished"]):
        frame[name] = frame[name].astype(float)
    for name in frame.columns.intersection(["size", "told"]):
        frame[name] = frame[name].astype("Int64")
    return frame


def _timed(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name in frame.columns.intersection(["created", "finished"]):
        frame[name] = pd.to_datetime(frame[name], unit="s", utc=True)
    return frame
