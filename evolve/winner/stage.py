"""What the steps at a run's end share: the candidates, a record of every step, and how a program joins the run.

A step is recorded in the archive before anything uses what it found, under the number of the last candidate of the
search. A run that is killed in between takes up what was recorded, and ends with the same champion.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evaluators.problem import Problem
from evolve import standings
from evolve.archive import Archive
from evolve.baselines import measure_splits
from evolve.evaluation import EvaluationPool
from evolve.proposers.mutation.render import SUMMARY, described
from evolve.records import BUILT_IN, Candidate, Run
from evolve.replies import thought_of
from evolve.syntax import fingerprint, size
from evolve.syntax.tree import docstring, entry, parse

OPERATOR = "refine"
FORMULA = re.compile(r"[*/+<>=]|\d")
AFFORDABLE = 0.25  # seconds of an evaluation up to which steps may take all the evaluations that they name
UNKNOWN = 1.0  # seconds that are assumed of a problem without standings


@dataclass
class Stage:
    """A run whose search is over. `candidates` are its initial program and all that was proposed, by id."""

    run: Run
    problem: Problem
    archive: Archive
    pool: EvaluationPool
    candidates: dict[str, Candidate]
    phase: Callable[[str], None]

    @property
    def searched(self) -> int:
        """The number of the last candidate of the search."""
        return max((candidate.number for candidate in self.candidates.values() if candidate.proposed), default=0)

    def before(self) -> list[Candidate]:
        """The candidates without those that this end of the run has made already, in a session that was killed."""
        return [c for c in self.candidates.values() if c.number <= self.searched]

    def allowed(self, evaluations: int) -> int:
        """So many evaluations, or fewer where one takes long. By the problem's stored standings, not by the clock: the
        same run does the same on every machine."""
        stored = standings.read(self.problem)
        seconds = (stored.train_seconds if stored else None) or UNKNOWN
        return max(1, int(evaluations * min(1.0, AFFORDABLE / seconds)))

    def recall(self, step: str) -> Mapping[str, Any] | None:
        """What was recorded of a step after this very search."""
        found = [event.data for event in self.archive.events(self.run.id) if event.kind == step]
        return found[-1] if found and found[-1]["after"] == self.searched else None

    def record(self, step: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record what a step has found."""
        recorded = {"after": self.searched, **data}
        self.archive.event(self.run.id, step, recorded)
        return recorded

    async def admit(self, parent: Candidate, source: str, how: str, evaluations: float) -> Candidate:
        """A program that was made of `parent`, as a candidate of the run, measured on train and validation; the
        candidate that has this program already if there is one."""
        syntax = fingerprint(source)
        for known in self.candidates.values():
            if known.syntax == syntax and known.status == "valid":
                if "validation" not in known.gaps:
                    self.archive.save_candidate(known, await measure_splits(self.pool, known, ["validation"]))
                return known
        source = _marked(source, how)
        number = 1 + max((candidate.number for candidate in self.candidates.values()), default=0)
        candidate = Candidate(
            id=f"{self.run.id}-{number}",
            run=self.run.id,
            number=number,
            operator=OPERATOR,
            proposer=BUILT_IN,
            model=parent.model,
            parents=(parent.id,),
            note={"refined": how},
            source=source,
            thought=thought_of(source),
            syntax=syntax,
            size=size(source),
            evaluations=evaluations + 1,
            told=1 + max((one.told or 0 for one in self.candidates.values()), default=0),
            created=time.time(),
        )
        results = await measure_splits(self.pool, candidate, ["train", "validation"])
        candidate.finished = time.time()
        self.archive.save_candidate(candidate, results)
        self.candidates[candidate.id] = candidate
        return candidate


def _marked(source: str, how: str) -> str:
    """The program with what was done to it behind the first line of its docstring, if it has one: what the line says
    was true before. A formula in it may be true no longer, and goes."""
    function = entry(parse(source))
    said = docstring(function) if function is not None else None
    first = str(said.value).strip().partition("\n")[0].rstrip(".") if said is not None else ""
    if FORMULA.search(first):
        return described(source, f"Its parent, {how}")
    return described(source, f"{first} ({how})") if first and len(first) < SUMMARY - len(how) - 5 else source
