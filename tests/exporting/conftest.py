"""Candidates to export, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluators.evaluate import evaluate
from evaluators.example import example
from evaluators.problem import Problem, load_problem
from evolve.archive import Archive
from evolve.exporting import Subject, subject_of
from evolve.records import Candidate, Run
from sandbox.session import InProcessSandbox
from tests.tiny import tiny as tiny

Export = Callable[..., Subject]

HOSTILE = (
    "He said \"\"\"no\"\"\" and '''no''' \\N{x} \\ \x00\x1b[31m\ud800\u2028 "
    "<script>alert(1)</script> |`_*#$%&{}^~ é 量 "
)


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Export]:
    """subject(problem, source, measure=True, **fields of the candidate): a candidate of a run with one baseline."""
    with Archive.open(tmp_path / "a.db") as archive:

        def make(name: str | Problem, source: str | None, measure: bool = False, **fields: Any) -> Subject:
            problem = load_problem(name) if isinstance(name, str) else name
            run = Run(f"r{len(archive.runs())}", problem.name, str(problem.folder), problem.fingerprint, {}, 7)
            archive.create_run(run)
            rule, human = next(iter(problem.baselines.items()))
            programs = [
                Candidate(f"{run.id}-b1", run.id, -1, "baseline", "human", "valid", rule, source=human),
                Candidate(f"{run.id}-0", run.id, 0, "initial", "human", "valid", source=problem.initial),
                Candidate(**{
                    "id": f"{run.id}-1", "run": run.id, "number": 1, "operator": "mutate", "proposer": "openai",
                    "status": "valid", "parents": (f"{run.id}-0",), "source": source, "model": "m", **fields,
                }),
            ]  # fmt: skip
            for one in programs:
                results = {}
                if measure and one.number != 0:
                    found = {
                        split: evaluate(problem, one.source or "", split, InProcessSandbox())
                        for split in problem.splits
                    }
                    results = {split: evaluation.results for split, evaluation in found.items()}
                    one.gaps = {split: evaluation.gap_mean or 0.0 for split, evaluation in found.items()}
                archive.save_candidate(one, results)
            return subject_of(
                programs[-1], run, problem, archive, lambda: example(problem, source or "", InProcessSandbox())
            )

        yield make


@pytest.fixture
def small(tiny: Path) -> Problem:
    """A priority problem that takes no time."""
    return load_problem(str(tiny))
