"""What is recorded of a valid program is what the program itself achieves, however many equal ones are in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluators.evaluate import Evaluation, InstanceResult, evaluate
from evaluators.problem import Problem, load_problem
from evolve.measuring import Measuring
from evolve.records import Candidate
from sandbox.session import InProcessSandbox, Report
from tests.engine.conftest import Conducted


class Pool:
    """Evaluates `source` to the number that it is."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.calls: list[str] = []

    async def evaluate(
        self, source: str, split: str, positions: Sequence[int] | None = None, relabelling: int = 0, gate: Any = None
    ) -> Evaluation:
        self.calls.append(source)
        await asyncio.sleep(0)
        results = [InstanceResult(one.key, one.group, 1.0, 1.0, float(source)) for one in self.problem.instances(split)]
        return Evaluation("tiny", split, results, None, "priority", source, 0.0, 0.0, 1, Report())


def told(number: int) -> Candidate:
    return Candidate(f"r-{number}", "r", number, "mutate", "x", "valid", syntax=f"s{number}")


@pytest.fixture
def measuring(tiny: Path) -> Any:
    problem = load_problem(str(tiny))
    return Measuring(problem, Pool(problem))  # type: ignore[arg-type]


def test_only_told_programs_lend_their_evaluation(measuring: Any) -> None:
    async def scenario() -> None:
        one, two = await asyncio.gather(measuring.train("1", "s1", 5), measuring.train("1", "s1", 5))
        assert one is not two
        measuring.remember(told(1), lambda: one)
        assert await measuring.train("1", "s1", 5) is one
        assert (await measuring.train("2", "s2", 5)).gap_mean == 2.0
        assert measuring.pool.calls == ["1", "1", "2"]

    asyncio.run(scenario())


def test_the_best_so_far_are_few(measuring: Any) -> None:
    assert [measuring.among_best(gap) for gap in (5.0, 4.0, 6.0, 7.0, 3.0, 4.5, 9.0)] == [
        True,
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_every_valid_candidate_has_its_own_figures(searched: Callable[..., Conducted], tiny: Path) -> None:
    ending, archive = searched(candidates=80, parallel=4)
    problem, sandbox = load_problem(str(tiny)), InProcessSandbox()
    valid = [c for c in archive.candidates_of(ending.run.id) if c.number > 0 and c.status == "valid"]
    assert len(valid) > 20
    for candidate in valid:
        again = evaluate(problem, candidate.source or "", "train", sandbox)
        stored = archive.results(candidate.id, "train")
        assert [row.cost for row in stored] == [row.cost for row in again.results], candidate.id
        assert candidate.train == again.gap_mean
