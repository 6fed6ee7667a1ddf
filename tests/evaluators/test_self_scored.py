"""Evaluators of OpenEvolve run as they are, and every way in which a program can fail there has a clear reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem, ProblemError, load_problem
from evaluators.protocol import Labels
from evolve.scaffold import wrap_openevolve
from sandbox.pool import open_sandbox
from sandbox.session import CandidateError, InProcessSandbox, Sandbox

EVALUATOR = '''"""Orders five jobs; the score falls with the total completion time."""

import importlib.util

import numpy as np
from openevolve.evaluation_result import EvaluationResult

P = [7, 3, 9, 1, 5]


def evaluate(program_path):
    spec = importlib.util.spec_from_file_location("program", program_path)
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    t = total = 0
    for job in program.order(P):
        t += P[job]
        total += t
    metrics = {"combined_score": 100 / total, "total": np.int64(total), "fast": True, "inf": np.inf, "text": "abc"}
    return EvaluationResult(metrics=metrics, artifacts={"hint": "short jobs first"})


def evaluate_stage1(program_path):
    raise RuntimeError("is not called")
'''
INITIAL = "# EVOLVE-BLOCK-START\ndef order(p):\n    return list(range(len(p)))\n# EVOLVE-BLOCK-END\n"


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Problem]:
    def made(evaluator: str) -> Problem:
        (tmp_path / "ev.py").write_text(evaluator)
        (tmp_path / "initial_program.py").write_text(INITIAL)
        return load_problem(str(wrap_openevolve("mine", tmp_path, tmp_path / "ev.py", None)))

    return made


@pytest.fixture(scope="module")
def slot() -> Iterator[Sandbox]:
    opened = open_sandbox("process")
    yield opened
    opened.close()


def run(problem: Problem, source: str, sandbox: Sandbox | None = None) -> Evaluation:
    return evaluate(problem, source, "train", sandbox or InProcessSandbox())


def reason(evaluation: Evaluation) -> tuple[str, str]:
    assert evaluation.failure is not None
    return evaluation.failure.kind, evaluation.failure.message


def test_an_unchanged_evaluator_runs_in_the_sandbox(make: Callable[[str], Problem], slot: Sandbox) -> None:
    problem = make(EVALUATOR)
    assert problem.evaluator.self_scored
    assert (problem.functions, problem.entry_functions) == (["solve"], [])
    first = run(problem, problem.initial, slot)
    [result] = first.results
    assert result.cost == result.gap == pytest.approx(-100 / (7 + 10 + 19 + 20 + 25))
    assert result.metrics == {"total": 81, "fast": 1}
    assert result.reference == 0
    assert "text: abc\n" in first.report.stdout
    assert "hint: short jobs first\n" in first.report.stdout
    better = run(problem, "def order(p): return sorted(range(len(p)), key=p.__getitem__)", slot)
    assert better.gap_mean is not None
    assert better.gap_mean < result.gap


def test_nothing_is_left_behind(make: Callable[[str], Problem]) -> None:
    problem = make(EVALUATOR)
    modules, path, here = set(sys.modules), list(sys.path), Path.cwd()
    assert run(problem, INITIAL).gaps == run(problem, INITIAL).gaps
    assert run(problem, "def order(p): raise SystemExit").failure is not None
    assert (list(sys.path), Path.cwd()) == (path, here)
    assert not {name for name in set(sys.modules) - modules if name in ("evaluator", "program") or "openevolve" in name}


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def order(p): return p.nothing", "exception", "evaluate() raised AttributeError: 'list' object has no"),
        ("def order(p):\n    return [1 / 0]", "exception", "program.py, line 2, in order: return [1 / 0]"),
        ("def order(p) return p", "exception", "the program does not compile: line 1: expected ':'"),
        ("def other(p): return p", "exception", "has no attribute 'order'"),
        ("import sys\nsys.exit(3)", "exception", "evaluate() raised SystemExit: 3"),
        ("import os\nos._exit(0)", "crashed", ""),
        ("def order(p): return []", "exception", "ZeroDivisionError"),
        ("def order(p):\n while True: pass", "timeout", "no answer within"),
    ],
)
def test_programs_that_fail(
    make: Callable[[str], Problem], slot: Sandbox, source: str, kind: str, message: str
) -> None:
    problem = make(EVALUATOR)
    problem.spec.limits |= {"call_seconds": 1.0}
    found = reason(run(problem, source, slot))
    assert found[0] == kind
    assert message in found[1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return {'combined_score': float('nan')}", "combined_score = nan; it must be finite"),
        ("return {'score': 1, 'n': 2.5}", "evaluate() returned no number 'combined_score'; its metrics are: n, score"),
        ("return {'combined_score': 'high'}", "no number 'combined_score'; its metrics are: none"),
        ("return {'combined_score': 10**400}", "no number 'combined_score'"),
        ("return 3.5", "evaluate() returned a float; a dict of metrics is needed"),
        ("return None", "evaluate() returned a NoneType"),
        ("import nothing_of_the_kind", "No module named 'nothing_of_the_kind'"),
    ],
)
def test_evaluators_that_fail(make: Callable[[str], Problem], body: str, message: str) -> None:
    problem = make(f"def evaluate(path):\n    print('here')\n    {body}\n")
    assert message in reason(run(problem, INITIAL))[1]


def test_forged_answers_are_only_numbers(make: Callable[[str], Problem]) -> None:
    """A candidate may forge its score (that is what self-scored says), but what crosses is checked all the same."""
    problem = make("def evaluate(path): return {}\n")
    evaluator, [instance] = problem.evaluator, problem.instances("train")
    labels = Labels(0, instance)
    many = {"combined_score": 1e9, **{"x" * k: float(k) for k in range(300)}, 7: 1.0, "deep": {"a": 1.0}, "int": 10**30}
    outcome = evaluator.verify(instance, {"metrics": many}, labels)
    assert (outcome.cost, len(outcome.metrics)) == (-1e9, 100)
    assert max(map(len, outcome.metrics)) < 100
    for answer in (None, 7, [], {}, {"metrics": []}, {"metrics": {}}, {"metrics": {"combined_score": True}}):
        with pytest.raises(CandidateError):
            evaluator.verify(instance, answer, labels)


def test_other_names_async_further_files_and_repeats(make: Callable[[str], Problem]) -> None:
    text = "import helper\nasync def evaluate(path): return {'quality': helper.VALUE, 'combined_score': 0}\n"
    problem = make(text)
    (problem.folder / "helper.py").write_text("VALUE = 42\n")
    toml = (problem.folder / "problem.toml").read_text()
    toml = toml.replace('"combined_score"', '"quality"').replace("extra = []", 'extra = ["helper.py"]')
    toml = toml.replace("[splits.train]\nrepeats = 1", "[splits.train]\nrepeats = 3")
    (problem.folder / "problem.toml").write_text(toml)
    again = load_problem(str(problem.folder))
    assert [result.gap for result in run(again, INITIAL).results] == [-42.0] * 3
    before = again.fingerprint
    (problem.folder / "helper.py").write_text("VALUE = 43\n")
    assert load_problem(str(problem.folder)).fingerprint != before
    (problem.folder / "helper.py").unlink()
    with pytest.raises(ProblemError, match=r"helper.py: No such file or directory; \[parameters\] of problem.toml"):
        load_problem(str(problem.folder)).instances("train")
