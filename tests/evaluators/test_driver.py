"""The lockstep driver: the same results as one episode at a time, lazy columns, and what it refuses."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
import pytest

from evaluators.driver import WIDTH, Clock, play
from evaluators.protocol import Evaluator, Feature, Illegal, Instance, Labels, Outcome, Reference, Table
from evaluators.ties import smallest
from sandbox.session import CandidateError, InProcessSession, Limits, Report


class Picking(Evaluator):
    """Pick the smallest of `data` numbers 0, 1, ... by priority, until one is left; costs what was picked, in order."""

    features = (Feature("x", "the number"), Feature("left", "how many are left", scalar=True))

    def instances(self, split: str, *, sizes: list[int]) -> list[Instance]:
        return [Instance(f"{split}|{i}", "picking", size) for i, size in enumerate(sizes)]

    def reference(self, instance: Instance) -> Reference:
        return Reference(1.0, "bound")

    def episode(self, instance: Instance, labels: Labels) -> Generator[Table, list[float], Outcome]:
        left = list(range(instance.data))
        cost, weight = 1.0, 1.0
        while len(left) > 1:
            priorities = yield Table({"x": lambda: left}, {"left": len(left)}, len(left))
            weight /= 2
            cost += weight * left.pop(smallest(priorities, left))
        return Outcome(cost)

    def question(self, instance: Instance, labels: Labels) -> dict[str, Any]:
        return {"n": instance.data}

    def verify(self, instance: Instance, answer: Any, labels: Labels) -> Outcome:
        if answer == "nan":
            return Outcome(float("nan"))
        if type(answer) is not int:
            raise Illegal("not an integer")
        return Outcome(float(answer))


EVALUATOR = Picking()
MANY = EVALUATOR.instances("many", sizes=[1 + 7 * i % 11 for i in range(2 * WIDTH + 5)])


def test_lockstep_gives_what_each_episode_gives_alone(run: Any) -> None:
    source = "def priority(x, left): return (x * 7 + left) % 5"
    together = run(EVALUATOR, MANY, source)
    assert [played.index for played in together] == list(range(len(MANY)))
    for instance, played in zip(MANY, together, strict=True):
        [alone] = run(EVALUATOR, [instance], source)
        assert (alone.outcome, alone.behaviour) == (played.outcome, played.behaviour)


def test_no_more_than_the_width_waits_at_once_and_ended_episodes_are_forgotten(run: Any, recorder: Any) -> None:
    run(EVALUATOR, MANY, "def priority(x): return x", session=recorder)
    calls = [message for message in recorder.messages if message["op"] == "priority"]
    assert max(len(message["episodes"]) for message in calls) == WIDTH
    ended: set[int] = set()
    for message in calls:
        ended |= set(message["over"])
        assert not ended & set(message["episodes"])
    assert len(ended) > len(MANY) - WIDTH
    assert all("left" not in message["scalars"] for message in calls), "only what the rule takes is sent"


def test_each_episode_has_a_namespace_of_its_own(run: Any) -> None:
    source = "calls = 0\ndef priority(x):\n    global calls\n    calls += 1\n    return -calls"
    together = run(EVALUATOR, MANY[:9], source)
    alone = [run(EVALUATOR, [instance], source)[0] for instance in MANY[:9]]
    assert [a.outcome for a in together] == [b.outcome for b in alone]


def test_solve_is_asked_one_instance_a_message(run: Any, recorder: Any) -> None:
    played = run(EVALUATOR, MANY[:5], "def solve(instance): return instance['n']", session=recorder)
    assert [p.outcome.cost for p in played] == [instance.data for instance in MANY[:5]]
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert [message["episodes"] for message in calls] == [[0], [1], [2], [3], [4]]


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "-1e999"])
def test_a_priority_must_be_finite(run: Any, value: str) -> None:
    source = f"def priority(x, left): return {value} if left == 9 and x == 4 else x"
    with pytest.raises(CandidateError, match="must be finite") as caught:
        run(EVALUATOR, EVALUATOR.instances("s", sizes=[3, 5, 9]), source)
    assert (caught.value.kind, caught.value.episode) == ("illegal", 2)


def test_an_illegal_answer_names_its_episode(run: Any) -> None:
    source = "def solve(instance): return 1 if instance['n'] < 5 else 'x'"
    with pytest.raises(CandidateError, match="not an integer") as caught:
        run(EVALUATOR, EVALUATOR.instances("s", sizes=[3, 5]), source)
    assert (caught.value.kind, caught.value.episode) == ("illegal", 1)


def test_a_cost_that_is_no_number_is_blamed_on_the_answer(run: Any) -> None:
    with pytest.raises(CandidateError, match="the cost is nan") as caught:
        run(EVALUATOR, MANY[:1], "def solve(instance): return 'nan'")
    assert (caught.value.kind, caught.value.episode) == ("evaluator", 0)


class Lying:
    """A sandbox that was taken over: it answers whatever it likes."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def call(self, message: Mapping[str, Any], seconds: float) -> Any:
        return self.answer

    def waited(self) -> float:
        return 0.0

    def close(self) -> Report:
        return Report()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [0.0] * 4,
        np.zeros(3),
        np.zeros((4, 1)),
        np.zeros(4, dtype=np.float32),
        np.zeros(4, dtype=bool),
        {"ok": np.zeros(4)},
    ],
)
def test_priorities_of_another_form_are_a_protocol_failure(answer: Any) -> None:
    clock = Clock(Limits(), 1)
    with pytest.raises(CandidateError, match="expected 4 priorities") as caught:
        list(play(EVALUATOR, EVALUATOR.instances("s", sizes=[4]), Lying(answer), "priority", ["x"], clock))
    assert caught.value.kind == "protocol"


@pytest.mark.parametrize("answer", [None, [], [1, 2], (1,), {"0": 1}])
def test_answers_of_another_number_are_a_protocol_failure(answer: Any) -> None:
    with pytest.raises(CandidateError, match="expected 1 answers"):
        list(play(EVALUATOR, MANY[:1], Lying(answer), "solve", [], Clock(Limits(), 1)))


def test_the_whole_evaluation_has_a_time_limit() -> None:
    clock = Clock(Limits(call_seconds=0.05, instance_seconds=0.001), 10)
    session = InProcessSession()
    session.call(
        {"op": "load", "source": "def solve(i):\n    import time\n    time.sleep(0.03)", "functions": ["solve"]}, 1
    )
    message = {"op": "call", "episodes": [0], "arguments": [{}]}
    clock.call(session, message)
    clock.call(session, message)
    with pytest.raises(CandidateError, match=r"more than 0\.06 s in the candidate") as caught:
        clock.call(session, message)
    assert caught.value.kind == "timeout"
    assert clock.calls == 2


def test_smallest_breaks_ties_by_the_order_given() -> None:
    assert smallest([3.0, 1.0, 2.0], [0, 1, 2]) == 1
    assert smallest([1.0, 2.0, 1.0], [5, 0, 3]) == 2
    assert smallest([0.0, -0.0], [1, 0]) == 1
