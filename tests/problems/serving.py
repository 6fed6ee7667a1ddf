"""What holds of every problem of LLM serving whose reference is the paper's rule, played by the evaluator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from evaluators.evaluate import Evaluation
from evaluators.problem import Problem
from evaluators.references import disagreements
from evaluators.serving.requests import Request
from evaluators.serving.requests import Sequence as Running
from tests.playing import play

Rule = Callable[[dict[str, Any]], Any]
Question = tuple[float, dict[str, Any]]  # when it was asked, ms


def mean(made: Evaluation) -> float:
    assert made.gap_mean is not None
    return made.gap_mean


def assert_the_reference_is(rule: Rule, problem: Problem) -> None:
    """What is stored is what the paper's rule costs, above its bound; the gap is a logarithm."""
    assert disagreements(problem, 1) == []
    instance = problem.instances("validation")[0]
    outcome, _ = play(problem.evaluator, instance, rule)
    reference = problem.reference(instance)
    assert outcome.cost == pytest.approx(reference.value, rel=1e-9)
    assert reference.bound is not None
    assert 0 < reference.bound < reference.value
    assert problem.evaluator.gap(instance, 2 * reference.value, reference) == pytest.approx(100 * math.log(2))


def assert_each_request_fits(problem: Problem, split: str, reserve: int = 0) -> None:
    """Into an empty KV cache, or it would never be served."""
    for instance in problem.instances(split):
        longest = max(request.prompt + request.output for request in instance.data.requests)
        assert longest + reserve <= instance.data.costs.capacity, "a request must fit into an empty cache"


def assert_a_drawing_shows_the_longest_wait(rule: Rule, problem: Problem) -> None:
    instance = problem.instances("train")[0]
    outcome, _ = play(problem.evaluator, instance, rule)
    drawing = problem.evaluator.draw(instance, outcome)
    assert drawing is not None
    assert len(drawing.lanes) == 40
    worst = max(outcome.trace(), key=lambda stay: stay.first_token - stay.arrival)
    boxes = {box.kind: (box.start, box.end) for box in drawing.boxes if box.lane == str(worst.id)}
    assert boxes["decode"] == pytest.approx((worst.first_token / 1000, worst.finished / 1000))
    assert boxes["queue"][1] == boxes["prefill"][0]


def another_future(requests: Iterable[Request], finished: Iterable[Running], time: float, seed: int) -> list[Request]:
    """All that is hidden at a time (ms) drawn anew: later arrivals and their prompts, and outputs that go on."""
    rng = random.Random(seed)
    tokens = {one.request.id: one.token_times() for one in finished}
    made = []
    for request in requests:
        if request.arrival > time:
            request = replace(request, arrival=request.arrival + rng.uniform(0, 500), prompt=rng.randint(1, 5000))
        had = sum(t <= time for t in tokens[request.id])
        if had < request.output:
            request = replace(request, output=had + rng.randint(1, 300))
        made.append(request)
    return sorted(made, key=lambda request: request.arrival)


def assert_the_past_is_the_same(seen: list[Question], again: list[Question], time: float) -> None:
    """Every question until then, and its time, is what it was with the other future."""
    known = [question for question in seen if question[0] <= time]
    assert known == again[: len(known)]
    assert len(again) == len(known) or again[len(known)][0] > time
