"""One question and its answer, as readers of an export see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.example import ROWS, example
from evaluators.problem import load_problem
from evaluators.protocol import Labels, Table
from sandbox.session import InProcessSandbox
from tests.tiny import tiny as tiny


def test_a_table_holds_the_features_that_the_rule_takes(tiny: Path) -> None:
    problem = load_problem(str(tiny))
    found = example(problem, "def priority(d, t, p):\n    return d + p\n", InProcessSandbox())
    assert found is not None
    instance = problem.instances("train")[0]
    table = next(problem.evaluator.episode(instance, Labels(0, instance)))
    assert isinstance(table, Table)
    rows = {name: list(column() if callable(column) else column)[:ROWS] for name, column in table.columns.items()}
    assert found.asked == {"d": rows["d"], "t": table.scalars["t"], "p": rows["p"]}, "in the rule's order"
    assert list(found.asked) == ["d", "t", "p"]
    assert found.answer == [d + p for d, p in zip(rows["d"], rows["p"], strict=True)]
    assert (found.function, found.group, found.rows, found.eligible) == ("priority", instance.group, ROWS, 12)


def test_the_other_interface_of_a_problem(tiny: Path) -> None:
    problem = load_problem(str(tiny))
    found = example(problem, "def solve(instance):\n    return tuple(range(len(instance['p'])))\n", InProcessSandbox())
    assert found is not None
    assert (found.function, found.answer, found.eligible) == ("solve", list(range(12)), 0), "a tuple arrives as a list"
    assert len(found.asked["p"]) == 12


@pytest.mark.parametrize(
    "source",
    [
        "import random\n\n\ndef priority(p):\n    return random.random()\n",
        "def priority(p):\n    return 1 / 0\n",
        "def priority(unknown):\n    return 0\n",
        "def priority(p:\n",
    ],
)
def test_programs_without_an_example(source: str, tiny: Path) -> None:
    assert example(load_problem(str(tiny)), source, InProcessSandbox()) is None


def test_of_several_questions_the_shortest(tiny: Path) -> None:
    problem = load_problem("model_placement")
    found = example(problem, problem.initial, InProcessSandbox())
    assert found is not None
    sizes = [
        len(repr(problem.evaluator.question(instance, Labels(0, instance))))
        for instance in problem.instances("train")[:20]
    ]
    assert len(repr(found.asked)) == min(sizes)
