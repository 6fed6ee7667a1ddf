"""The Lagrangian dual of the multidimensional knapsack: by hand, against the relaxation, and what it refuses."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.packing import mdkp
from evaluators.packing.mdkp import Knapsack
from evaluators.packing.multipliers import ITERATIONS, LagrangianMultipliers
from evaluators.protocol import Illegal, Instance, Labels, Outcome
from tests import playing

EVALUATOR = LagrangianMultipliers()
KEYS = {"k", "multipliers", "subgradient", "bound", "previous", "best", "best_multipliers", "target", "n"}
TWO = Knapsack(np.array([6, 4]), np.array([[2, 2]]), np.array([2]))


def drive(k: Knapsack, choose: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; also returns all observations."""
    one = Instance("drawn", "drawn", k)
    return playing.play(EVALUATOR, one, choose, labels)


def test_two_items_by_hand() -> None:
    """One resource, both items require all of it: L(u) = u + max(0, 6 - u) + max(0, 4 - u), least, 6, from 4 to 6.

    L(0) = 10 with both taken (1 - 2 = -1), L(5) = 6 with the first taken (0), L(8) = 8 with none (1).
    """
    visits = iter([5.0, 8.0] + [0] * 98)
    outcome, seen = drive(TWO, lambda obs: [next(visits)])
    shown = [(obs["bound"], obs["subgradient"].tolist(), obs["best"]) for obs in seen[:3]]
    assert shown == [(10, [-1], 10), (6, [0], 6), (8, [1], 6)]
    assert [obs["multipliers"].tolist() for obs in seen[:3]] == [[0], [5], [8]]
    assert [obs["previous"].tolist() for obs in seen[:3]] == [[0], [0], [5]]
    assert [obs["best_multipliers"].tolist() for obs in seen[:3]] == [[0], [5], [5]]
    assert [obs["k"] for obs in seen] == list(range(100))
    assert {obs["target"] for obs in seen} == {6}
    assert (outcome.cost, outcome.decisions) == (6, [5])
    assert outcome.metrics == {"best_update": 1, "early_bound": 6}
    assert EVALUATOR.reference(Instance("two", "", TWO)) == (6, "optimal", None)


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_bounds_are_bounds_and_subgradients_are_subgradients(seed: int, n: int, m: int) -> None:
    """At any u, v >= 0: L(u) is at least the relaxation and the best selection, and L(v) >= L(u) + g (v - u)."""
    k = mdkp.generate(f"drawn{seed}", n, m, 0.5)
    rng = np.random.default_rng(seed)
    outcome, seen = drive(k, lambda obs: (rng.random(m) * rng.choice([0, 100, 2000], m)).tolist())
    relaxation = mdkp.relax(k).value
    subsets = np.array(list(product((0, 1), repeat=n)))
    best = (subsets[(subsets @ k.requirements.T <= k.capacities).all(axis=1)] @ k.profits).max()
    assert outcome.cost >= relaxation - 1e-7
    assert relaxation >= best - 1e-7
    assert seen[0]["target"] <= best
    assert outcome.cost <= min(obs["bound"] for obs in seen)
    for a, b in pairwise(seen):
        assert b["bound"] >= a["bound"] + a["subgradient"] @ (b["multipliers"] - a["multipliers"]) - 1e-7
    order = Labels(0, Instance("drawn", "drawn", k)).permutation("resource", m)
    for obs in seen:
        u = dict(zip(order, obs["multipliers"].tolist(), strict=True))
        assert obs["bound"] == pytest.approx(sum(u.values()) + sum(max(0.0, value) for value in reduced(k, u)))
    assert [obs["best"] for obs in seen] == np.minimum.accumulate([obs["bound"] for obs in seen]).tolist()


def reduced(k: Knapsack, u: dict[int, float]) -> list[float]:
    return [
        float(k.profits[j] - sum(u[i] * k.requirements[i, j] / k.capacities[i] for i in range(k.m))) for j in range(k.n)
    ]


@pytest.mark.parametrize("distribution", ["chu-beasley", "mixed"])
def test_the_shadow_prices_reach_the_reference(distribution: str) -> None:
    for one in EVALUATOR.instances("prices", sizes=[[60, 5], [60, 20]], per_class=1, distribution=distribution):
        prices = mdkp.relax(one.data).prices * one.data.capacities
        order = Labels(3, one).permutation("resource", one.data.m)
        outcome, _ = drive(one.data, lambda obs, at=prices: at, 0)
        episode = EVALUATOR.episode(one, Labels(3, one))
        next(episode)
        obs = episode.send(prices[order])
        reference = EVALUATOR.reference(one).value
        assert obs["bound"] == pytest.approx(reference, rel=1e-10)
        assert outcome.cost >= reference * (1 - 1e-10)


def test_resources_are_relabelled_and_decisions_are_not() -> None:
    [one] = EVALUATOR.instances("labels", sizes=[[30, 6]], per_class=1)[:1]
    gradients, decisions = set(), set()
    for seed in range(3):
        episode = EVALUATOR.episode(one, Labels(seed, one))
        first = next(episode)
        gradients.add(tuple(first["subgradient"]))
        answer = np.maximum(0.0, -first["subgradient"] * 1000)
        try:
            while True:
                episode.send(answer)
        except StopIteration as stop:
            decisions.add((stop.value.cost, *stop.value.decisions))
    assert len(gradients) == 3
    assert len({tuple(sorted(g)) for g in gradients}) == 1
    assert len(decisions) == 1


def test_nothing_but_the_observation_crosses(run: Any, recorder: Any) -> None:
    source = "def decide(obs): return [0] * len(obs['multipliers'])"
    [played] = run(EVALUATOR, [Instance("two", "", TWO)], source, session=recorder, functions=["decide"])
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert len(calls) == ITERATIONS
    assert {key for message in calls for key in message["arguments"][0]} == KEYS
    assert played.outcome.cost == 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "not a NoneType"),
        (3.0, "not a float"),
        ([], "returned 0 multipliers; there are 1"),
        ([1.0, 2.0], "returned 2 multipliers; there are 1"),
        ([-1e-12], "multiplier 0 is -1e-12"),
        ([float("nan")], "multiplier 0 is nan"),
        ([float("inf")], "multiplier 0 is inf"),
        ([2e9], "multipliers lie between 0 and 1e"),
        ([True], "multiplier 0 is a bool"),
        (["1"], "multiplier 0 is a str"),
        (np.array([[1.0]]), "shape"),
        (np.array([True]), "array of bool"),
        ([10**400], "multiplier 0 is 1000"),
    ],
)
def test_illegal_answers(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        drive(TWO, lambda obs: answer)


@pytest.mark.parametrize("answer", [[0], [1e9], (2.5,), np.array([3]), np.array([1.5], dtype=np.float32)])
def test_legal_answers(answer: Any) -> None:
    outcome, _ = drive(TWO, lambda obs: answer)
    assert outcome.cost >= 6
