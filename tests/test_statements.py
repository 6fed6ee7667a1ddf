"""What a statement's tables say of a program's inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.problem import load_problem
from evolve.statements import meanings_of

PROBLEMS = sorted(path.parent.name for path in Path("problems").glob("*/problem.toml"))


def test_names_come_from_first_columns_and_meanings_from_second_ones() -> None:
    table = """
| key | meaning | values |
|---|---|---|
| `a` | like `b`, s | `1 | 2` |
| `c`, `d` | `x | y`, ms | |
| `obs["load"]` | tokens |
| `a` | said twice |
"""
    assert meanings_of(table) == {"a": "like b, s", "c": "x | y, ms", "d": "x | y, ms", "load": "tokens"}
    assert meanings_of("no table | `a` | at all") == {}


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_input_of_a_policy_is_described(name: str) -> None:
    """So that a page says what a rule saw."""
    problem = load_problem(f"problems/{name}")
    meanings = meanings_of(problem.statement)
    assert all(meanings.values())
    if problem.interface == "decide":
        assert len(meanings) > 2
