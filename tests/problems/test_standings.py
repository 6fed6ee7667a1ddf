"""What the standings of every problem say is what is measured: of two programs here, of all by `problems check`."""

from __future__ import annotations

import pytest

from evaluators.problem import problem_names
from evolve.standings import INITIAL, TOLERANCE, read
from tests.measured import loaded, measure


@pytest.mark.parametrize("name", problem_names())
def test_the_initial_program_and_the_papers_rule_score_what_is_recorded(name: str) -> None:
    problem = loaded(name)
    standings = read(problem)
    assert standings is not None
    assert set(standings.gaps) == {INITIAL, *problem.baselines}
    rule = problem.spec.paper_rule or next(iter(problem.baselines))
    for program in (INITIAL, rule):
        recorded = standings.gaps[program]["train"]
        assert measure(name, program, "train").gap_mean == pytest.approx(recorded, rel=TOLERANCE, abs=1e-6)
