"""Mistakes of an evaluator's author: those that an answer brings out are recorded, the others stop the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import load_problem
from evaluators.protocol import EvaluatorBug, ProblemError
from sandbox.pool import open_sandbox
from sandbox.session import KINDS, InProcessSandbox, Sandbox

TOML = """
title = "Toy"
family = "toys"
interface = "decide"
accepts = ["decide", "solve", "priority"]
evaluator = "toy:Toy"
[splits.train]
[splits.validation]
[splits.test]
[reference]
kind = "baseline"
source = "none"
"""
TOY = """
from evaluators.protocol import *
class Toy(Evaluator):
    features = (Feature("p", "a number"),)
    def instances(self, split):
        return [Instance(f"{split}|{k}", "toys", k) for k in range(2)]
    def reference(self, instance):
        return Reference(1.0, "baseline")
    def question(self, instance, labels):
        return {"n": instance.data}
    def verify(self, instance, answer, labels):
        return Outcome(1.0 + answer["a"] / instance.data)
"""

Run = Callable[..., Evaluation]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """run(more of the class, program[, sandbox]) -> its evaluation on train."""

    def running(more: str, program: str, sandbox: Sandbox | None = None) -> Evaluation:
        (tmp_path / "problem.toml").write_text(TOML)
        (tmp_path / "toy.py").write_text(TOY + more)
        (tmp_path / "statement.md").write_text("def decide(n)")
        (tmp_path / "initial.py").write_text(program)
        problem = load_problem(str(tmp_path))
        return evaluate(problem, problem.initial, "train", sandbox or InProcessSandbox())

    return running


@pytest.mark.parametrize(
    ("more", "program", "message", "instance"),
    [
        ("", "def solve(q): return {}", "KeyError: 'a' (toy.py:", "train|0"),
        ("", "def solve(q): return 5", "TypeError: 'int' object is not subscriptable (toy.py:", "train|0"),
        ("", "def solve(q): return {'a': q['n'] and 1}", "ZeroDivisionError: division by zero (toy.py:", "train|0"),
        (
            "    def episode(self, instance, labels):\n        a = yield 1\n        return Outcome(a.b)",
            "def decide(o): return None",
            "AttributeError: 'NoneType' object has no attribute 'b' (toy.py:",
            "train|0",
        ),
        (
            "    def gap(self, instance, cost, reference): return cost / instance.data\n"
            "    def verify(self, instance, answer, labels): return Outcome(1)",
            "def solve(q): return 1",
            "ZeroDivisionError: division by zero (toy.py:",
            "train|0",
        ),
        (
            "    def episode(self, instance, labels):\n        a = yield 1\n        return Outcome(a)",
            "def decide(o): return float('nan')",
            "the cost is nan; it must be finite",
            "train|0",
        ),
        (
            "    def gap(self, instance, cost, reference): return cost * 1e308\n"
            "    def verify(self, instance, answer, labels): return Outcome(answer)",
            "def solve(q): return 9.0",
            "the gap is inf; it must be finite",
            "train|0",
        ),
        (
            "    def verify(self, instance, answer, labels):\n        raise SystemExit(3)",
            "def solve(q): return 1",
            "SystemExit: 3 (toy.py:",
            "train|0",
        ),
    ],
)
def test_an_answer_that_the_evaluator_cannot_handle(
    run: Run, more: str, program: str, message: str, instance: str
) -> None:
    evaluation = run(more, program)
    assert evaluation.failure is not None
    assert evaluation.failure.kind == "evaluator"
    assert "evaluator" in KINDS
    assert evaluation.failure.message.replace("float division", "division").startswith(message)
    assert evaluation.failure.instance == instance


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("        x = 1 / 0\n        yield 1", r"ZeroDivisionError: division by zero \(toy.py:"),
        ("        raise SystemExit(3)\n        yield 1", r"SystemExit: 3 \(toy.py:"),
        ("        return Outcome(1.0)", "no generator"),
        ("        yield 1\n        return 5", "returned a int; return Outcome"),
        ("        return Outcome(float('inf'))\n        yield 1", "the cost of instance 0 is inf"),
        ("        yield 1\n        return Outcome(None)", "the cost of instance 0 is None"),
    ],
)
def test_a_mistake_that_no_answer_explains(run: Run, more: str, message: str) -> None:
    with pytest.raises(EvaluatorBug, match=message):
        run(f"    def episode(self, instance, labels):\n{more}\n", "def decide(o): return 1")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("Table({'p': [1, 2], 'q': [1]}, {})", None),
        ("Table({'q': [1, 2]}, {})", "lacks the feature 'p'"),
        ("Table({'p': [1, 2]}, {}, 3)", "the column 'p' has 4 values for 6 eligible items"),
        ("{'p': [1, 2]}", "AttributeError: 'dict' object has no attribute"),
    ],
)
def test_tables(run: Run, table: str, message: str | None) -> None:
    more = f"    def episode(self, instance, labels):\n        yield {table}\n        return Outcome(1)\n"
    if message is None:
        assert run(more, "def priority(p): return p").valid
        return
    with pytest.raises(EvaluatorBug, match=message):
        run(more, "def priority(p): return p")


def test_references(run: Run) -> None:
    with pytest.raises(ProblemError, match=r"the reference of train\|0: ZeroDivisionError"):
        run(
            "    def verify(self, i, a, l): return Outcome(1)\n    def reference(self, i): return 1 / i.data",
            "def solve(q): return 1",
        )


def test_instances(run: Run) -> None:
    with pytest.raises(ProblemError, match=r"\[splits.train\]: KeyError: 5 \(toy.py:"):
        run("    def instances(self, split): return {}[5]", "def solve(q): return 1")


def test_a_question_that_no_message_can_hold_stops_the_run(run: Run) -> None:
    slot = open_sandbox("process")
    try:
        with pytest.raises(EvaluatorBug, match="cannot be sent"):
            run("    def question(self, instance, labels): return {'n': object()}", "def solve(q): return 1", slot)
    finally:
        slot.close()
