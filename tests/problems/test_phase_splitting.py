"""Phase splitting: figures of its rules, the best split by workload, refusals, and that the future does not matter."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocol import Illegal, Instance
from evaluators.references import disagreements
from evaluators.serving.costs import Costs
from evaluators.serving.phase_splitting import MACHINES, Case, PhaseSplitting
from evaluators.serving.requests import Request
from tests.measured import of_problem, recorded
from tests.playing import play

# Mean gap on train.
GOLDEN = {
    "fixed_split": 61.28,
    "initial": 63.98,
    "mixed_shortest_queue": 74.39,
    "round_robin": 81.57,
    "splitwise": 62.13,
}
TEN = Costs(t0=10, w=0, l0=0, l1=0, attention=0, kv=0, sequence=0, kv_bytes=1000, capacity=1000)
Decide = Callable[[dict[str, Any]], Any]


problem, measured = of_problem("phase_splitting")
gap = recorded("phase_splitting")


def split(k: int) -> Decide:
    def decide(obs: dict[str, Any]) -> tuple[int, int]:
        prompt = min(range(k), key=lambda i: obs["prompt_tokens"][i])
        rest = range(k, len(obs["free"]))
        return prompt, min(rest, key=lambda i: obs["context_tokens"][i] + obs["incoming_tokens"][i])

    return decide


def test_gaps_to_the_digit() -> None:
    assert {name: round(gap(name), 2) for name in GOLDEN} == GOLDEN


@pytest.mark.parametrize(("source", "rate", "best"), [("azure-conv", 34.0, 4), ("azure-code", 35.0, 7)])
def test_the_best_split_follows_the_workload(source: str, rate: float, best: int) -> None:
    """The specification: 4 prompt machines of 10 for conversations; most of them for code (8 there, 7 here)."""
    [made] = problem().evaluator.instances(
        "specification", machines=10, gpu="h100", loads=[[source, rate, 1.0]], requests=700, runs=1
    )
    costs = {k: play(PhaseSplitting(), made, split(k))[0].cost for k in (best - 2, best - 1, best, best + 1)}
    assert min(costs, key=costs.__getitem__) == best


def test_machines_cost_what_was_measured() -> None:
    """The published fits: a prompt of 1,000 tokens, and 40 outputs with 40,000 tokens of context."""
    assert MACHINES["h100"].iteration(0, 0, [(1000, 0)]) == pytest.approx(26.5 + 64.1, rel=0.01)
    assert MACHINES["a100"].iteration(0, 0, [(1000, 0)]) == pytest.approx(26.9 + 153, rel=0.01)
    assert MACHINES["h100"].iteration(40, 40_000) == pytest.approx(29.9 + 0.199 * 40 + 1.79e-4 * 40_000)
    assert MACHINES["a100"].iteration(40, 40_000) == pytest.approx(44.1 + 0.190 * 40 + 3.35e-4 * 40_000)


def test_a_split_request_by_hand() -> None:
    """Prompt until 10 ms, 2 ms and next to nothing for its keys and values, then two tokens."""
    made = Instance("by hand", "by hand", Case(2, TEN, [Request(0, 0.0, 100, 3)]))
    outcome, seen = play(PhaseSplitting(), made, lambda obs: (0, 1))
    [(prompt, token, arrival, ready, end)] = outcome.trace()
    assert prompt != token
    assert (arrival, ready, end) == pytest.approx((0.0, 0.010, 0.0320004))
    assert seen[0]["free"] == [1000, 1000]
    assert outcome.metrics["moved_gb"] == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("answer", "why"),
    [(None, "pair"), (3, "pair"), ((1,), "pair"), ((0, True), "bool"), ((0, 1.0), "float"), ((0, 2), "does not exist")],
)
def test_illegal_answers_are_refused_with_the_reason(answer: Any, why: str) -> None:
    made = Instance("by hand", "by hand", Case(2, TEN, [Request(0, 0.0, 100, 3)]))
    with pytest.raises(Illegal, match=why):
        play(PhaseSplitting(), made, lambda obs: answer)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 20))
def test_the_future_does_not_change_the_past(seed: int, last: int) -> None:
    """All arrivals after one, and the outputs that go on by then, are drawn anew; the policy is random, but repeats."""
    rng = random.Random(seed)
    times = sorted(rng.uniform(0, 1500) for _ in range(21))
    requests = [Request(i, t, rng.randint(1, 300), rng.randint(1, 40)) for i, t in enumerate(times)]

    def policy() -> Decide:
        choice = random.Random(seed + 1)
        return lambda obs: (choice.randrange(3), 3)

    made = Instance("by hand", "by hand", Case(4, replace(TEN, capacity=50_000), requests))
    outcome, seen = play(PhaseSplitting(), made, policy())
    now = requests[last].arrival / 1000
    ends = [end for *_, end in outcome.trace()]
    others = [
        replace(r, output=r.output + rng.randint(0, 30))
        if r.arrival / 1000 <= now < end
        else r
        if end <= now
        else Request(r.id, r.arrival + rng.uniform(0, 1), rng.randint(1, 300), rng.randint(1, 40))
        for r, end in zip(requests, ends, strict=True)
    ]
    others = [*others[: last + 1], *sorted(others[last + 1 :], key=lambda r: r.arrival)]
    others = [replace(r, id=i) for i, r in enumerate(others)]
    _, again = play(PhaseSplitting(), Instance("by hand", "by hand", replace(made.data, requests=others)), policy())
    assert seen[: last + 1] == again[: last + 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_every_request_ends_once_with_all_of_its_tokens(seed: int) -> None:
    """Random pairs of machines; what is moved is what was prefilled elsewhere, and no time is gained on an idle one."""
    rng = random.Random(seed)
    times = sorted(rng.uniform(0, 500) for _ in range(15))
    requests = [Request(i, t, rng.randint(1, 300), rng.randint(1, 40)) for i, t in enumerate(times)]
    made = Instance("random", "random", Case(3, replace(TEN, capacity=9000), requests))
    outcome, _ = play(PhaseSplitting(), made, lambda obs: (rng.randrange(3), rng.randrange(3)))
    moved = sum(
        r.prompt * 1000
        for r, (prompt, token) in zip(requests, outcome.decisions, strict=True)
        if prompt != token and r.output > 1
    )
    assert outcome.metrics["moved_gb"] == pytest.approx(moved / 1e9)
    for request, (_, _, arrival, ready, end) in zip(requests, outcome.trace(), strict=True):
        assert ready >= arrival + 0.010 - 1e-9
        assert end >= ready + 0.010 * (request.output - 1) - 1e-9


def test_a_first_token_that_is_the_last_one_is_not_expected_elsewhere() -> None:
    requests = [Request(0, 0.0, 100, 1), Request(1, 50.0, 7, 2), Request(2, 55.0, 7, 2)]
    made = Instance("by hand", "by hand", Case(2, TEN, requests))
    _, seen = play(PhaseSplitting(), made, lambda obs: (0, 1))
    assert [sorted(obs["incoming_tokens"]) for obs in seen] == [[0, 0], [0, 0], [0, 7]]


def test_a_drawing_shows_the_outputs_under_way_on_every_machine() -> None:
    made = problem().instances("train")[0]
    outcome, _ = play(problem().evaluator, made, split(4))
    drawing = problem().evaluator.draw(made, outcome)
    assert drawing is not None
    assert len(drawing.lines) == 10
    busy = [line for line in drawing.lines if len(line.points) > 1]
    assert len(busy) == 6  # those of the token pool
    assert all(level >= 0 for line in drawing.lines for _, level in line.points)


def test_references_agree_with_the_stored_ones() -> None:
    assert disagreements(problem()) == []
