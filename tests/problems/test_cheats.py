"""Programs that try what published evaluators let through, one folder a problem: refused with a reason, or no gain.

A cheat is a candidate in `cheats/PROBLEM/`. Its docstring says what it tries; `EXPECT` is the kind of its failure (see
`sandbox.session.KINDS`) or "valid"; a valid one names in `NO_BETTER_THAN` the program that it must not do better than.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluators.evaluate import evaluate
from evaluators.problem import problem_names
from sandbox.pool import Slot, open_sandbox
from sandbox.session import KINDS
from tests.measured import loaded, recorded

HERE = Path(__file__).parent / "cheats"
CHEATS = [f"{path.parent.name}/{path.stem}" for path in sorted(HERE.glob("*/*.py"))]
MANY = 5  # from the third problem on, each has at least that many


@pytest.fixture(scope="module")
def slot() -> Iterator[Slot]:
    made = open_sandbox("process")
    yield made
    made.close()


def constants(source: str) -> dict[str, Any]:
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id in ("EXPECT", "NO_BETTER_THAN")
    }


def test_every_problem_has_cheats() -> None:
    counts = {name: len(list((HERE / name).glob("*.py"))) for name in problem_names()}
    older = {"job_shop", "single_machine_tardiness"}  # theirs are in tests/hostile: refused whatever the problem
    assert [name for name, count in counts.items() if count < MANY and name not in older] == []


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheat(cheat: str, slot: Slot) -> None:
    name, _, stem = cheat.partition("/")
    source = (HERE / name / f"{stem}.py").read_text()
    assert ast.get_docstring(ast.parse(source)), "it does not say what it tries"
    meta, problem = constants(source), loaded(name)
    assert meta["EXPECT"] in (*KINDS, "valid")
    made = evaluate(problem, source, "train", slot)
    assert (made.failure.kind if made.failure else "valid") == meta["EXPECT"], made.failure
    if made.failure:
        assert len(made.failure.message) > 10
    else:
        honest = recorded(name)(meta["NO_BETTER_THAN"])
        assert made.gap_mean is not None
        assert made.gap_mean >= honest - 1e-6 * max(1.0, abs(honest))  # standings have eight digits
