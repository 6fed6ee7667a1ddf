"""One program on one split: results, failures, and sandboxes that cannot be trusted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from evaluators.evaluate import evaluate
from evaluators.problem import Problem, load_problem
from evaluators.protocol import EvaluatorBug, Reference
from sandbox.session import CandidateError, InProcessSandbox, InProcessSession, Limits, Report, Session

EDD = "def priority(d): return d"


@pytest.fixture
def problem() -> Problem:
    return load_problem("single_machine_tardiness")


class Sandbox:
    """A slot whose sessions answer with `respond(message, honest session)`."""

    def __init__(self, respond: Callable[[Mapping[str, Any], Session], Any]) -> None:
        self.respond = respond
        self.closed = 0

    def open(self, limits: Limits) -> Session:
        outer, honest = self, InProcessSession()

        class Answering:
            def call(self, message: Mapping[str, Any], seconds: float) -> Any:
                return outer.respond(message, honest)

            def waited(self) -> float:
                return 0.0

            def close(self) -> Report:
                outer.closed += 1
                return Report(stdout="said")

        return Answering()

    def close(self) -> None:
        pass


def test_a_valid_program(problem: Problem) -> None:
    made = evaluate(problem, EDD, "train", InProcessSandbox())
    assert made.valid
    assert [r.instance for r in made.results] == [i.key for i in problem.instances("train")]
    assert made.gap_mean == pytest.approx(sum(r.gap for r in made.results) / 40)
    first = made.results[0]
    assert first.gap == pytest.approx(
        problem.evaluator.gap(problem.instances("train")[0], first.cost, Reference(first.reference, "optimal"))
    )
    assert first.metrics["paper_gap"] == pytest.approx(100 * (first.cost / first.reference - 1))
    assert all(("paper_gap" in r.metrics) == (r.reference > 0) for r in made.results)
    assert (made.function, made.calls >= 50, made.decision_seconds > 0) == ("priority", True, True)


def test_positions_choose_instances_and_behaviour_tells_programs_apart(problem: Problem) -> None:
    some = evaluate(problem, EDD, "train", InProcessSandbox(), [7, 3])
    assert [r.instance for r in some.results] == [problem.instances("train")[i].key for i in (7, 3)]
    same = evaluate(problem, "def priority(d, t): return 2 * d + t", "train", InProcessSandbox(), [7, 3])
    other = evaluate(problem, "def priority(p): return p", "train", InProcessSandbox(), [7, 3])
    assert some.behaviour == same.behaviour != other.behaviour


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("def priority(d) return d", "syntax", "line 1"),
        ("import nowhere\ndef priority(d): return d", "import", "ModuleNotFoundError"),
        ("def rule(d): return d", "missing", "no function named priority or solve"),
        ("def priority(due): return due", "signature", "'due', which is no feature"),
        ("def priority(d): return None", "type", "NoneType"),
        ("def priority(d): return d / 0", "exception", "ZeroDivisionError"),
        ("def priority(d): return float('nan')", "illegal", "finite"),
        ("def solve(instance): return [0]", "illegal", "returned 1 jobs; the instance has 50"),
        ("def solve(instance): return list(range(49)) + [48]", "illegal", "job 48 is scheduled twice"),
    ],
)
def test_a_failure_has_a_kind_a_reason_and_an_instance(problem: Problem, source: str, kind: str, message: str) -> None:
    made = evaluate(problem, source, "train", InProcessSandbox())
    assert made.failure is not None
    assert made.failure.kind == kind
    assert message in made.failure.message
    assert (made.valid, made.gap_mean, made.behaviour) == (False, None, None)
    if kind in ("exception", "illegal"):
        assert made.failure.instance == problem.instances("train")[0].key


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "priority",
        {},
        {"function": "priority"},
        {"function": "evil", "parameters": []},
        {"function": ["priority"], "parameters": []},
        {"function": "priority", "parameters": "d"},
        {"function": "priority", "parameters": ["reference"]},
        {"function": "priority", "parameters": [["d"]]},
        {"function": "priority", "parameters": ["d", "d"]},
    ],
)
def test_rubbish_in_answer_to_loading_is_a_protocol_failure(problem: Problem, answer: Any) -> None:
    sandbox = Sandbox(lambda message, honest: answer)
    made = evaluate(problem, EDD, "train", sandbox)
    assert made.failure is not None
    assert made.failure.kind == "protocol"
    assert sandbox.closed == 1
    assert made.report.stdout == "said"


@pytest.mark.parametrize("episode", [10**9, -1, "0", True, [0], 1.0])
def test_an_episode_that_does_not_exist_is_ignored(problem: Problem, episode: Any) -> None:
    def respond(message: Mapping[str, Any], honest: Session) -> Any:
        raise CandidateError("exception", "boom", episode)

    made = evaluate(problem, EDD, "train", Sandbox(respond))
    assert made.failure is not None
    assert (made.failure.message, made.failure.instance) == ("boom", None)


@pytest.mark.parametrize("reference", [Reference(1e9, "optimal"), Reference(1.0, "best known", 1e9)])
def test_a_cost_below_a_proven_bound_stops_everything(problem: Problem, reference: Reference) -> None:
    key = problem.instances("train")[0].key
    broken = dataclasses.replace(problem, _references={**problem._references, key: reference})
    sandbox = Sandbox(lambda message, honest: honest.call(message, 1))
    with pytest.raises(EvaluatorBug, match="below the proven"):
        evaluate(broken, EDD, "train", sandbox)
    assert sandbox.closed == 1, "the sandbox is given back all the same"
