"""The network design episode: what is asked and answered, the exact method against enumeration, every refusal."""

from __future__ import annotations

import json
import random
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.networks.design import CALLS, NetworkDesign, Plan
from evaluators.networks.optimal_roads import optimum, system_bound
from evaluators.networks.towns import Town, generate
from evaluators.networks.traffic import Network, assign
from evaluators.protocol import Illegal, Instance, Labels, Outcome
from tests import playing

EVALUATOR = NetworkDesign()
MADE = [
    Instance(f"small {k}|{share}", "small", Plan(f"small {k}", town, int(share * sum(town.cost))))
    for k in range(4)
    for town in [generate(f"small {k}", 3, 4, 6, 6, 1.2)]
    for share in (0.3, 0.6)
]

OPTIMA = {instance.key: EVALUATOR.reference(instance) for instance in MADE}


def drive(instance: Instance, decide: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; also returns every observation."""
    return playing.play(EVALUATOR, instance, decide, labels)


def enumerated(instance: Instance) -> float:
    """The least total over all sets within the budget, each assigned."""
    town, budget = instance.data.town, instance.data.budget
    best = np.inf
    for choice in product((0, 1), repeat=len(town.cost)):
        built = [road for road, taken in enumerate(choice) if taken]
        if sum(town.cost[road] for road in built) <= budget:
            best = min(best, assign(town.network, town.closed(built)).total)
    return best


@pytest.mark.parametrize("instance", MADE, ids=lambda instance: instance.key)
def test_branch_and_bound_finds_the_optimum(instance: Instance) -> None:
    reference = EVALUATOR.reference(instance)
    assert reference == (enumerated(instance), "optimal", None)


def test_the_bound_holds_for_every_set_and_is_monotone() -> None:
    town = MADE[0].data.town
    rng = random.Random(4)
    for _ in range(15):
        built = frozenset(rng.sample(range(6), rng.randint(0, 6)))
        total = assign(town.network, town.closed(built)).total
        assert system_bound(town, built) <= system_bound(town, built, 1e-8) * (1 + 1e-9) <= total
        assert system_bound(town, frozenset(range(6))) <= total


# Braess with the shortcut as the only road: 0 -> 1 -> 3 and 0 -> 2 -> 3, 6 vehicles (see test_traffic).
NETWORK = Network(
    [0, 0, 1, 2, 1, 2],
    [1, 2, 3, 3, 2, 1],
    [1.0, 50.0, 50.0, 1.0, 1.0, 1.0],
    [1.0, 1e3, 1e3, 1.0, 1e3, 1e3],
    {(0, 3): 6.0},
    4,
)


def test_a_road_that_hurts_everybody_is_not_built() -> None:
    """378.9 vehicle minutes without the shortcut, 594 with it: the optimum is to build nothing."""
    town = Town(NETWORK, ((4, 5),), (10,), columns=2)

    def total(built: frozenset[int]) -> float:
        return assign(NETWORK, town.closed(built)).total

    assert total(frozenset([0])) == pytest.approx(594, rel=1e-4)
    assert optimum(town, 10, total) == pytest.approx(378.9, rel=1e-6)


def test_what_is_asked_is_answered() -> None:
    instance = MADE[1]
    town = instance.data.town
    questions = [[], [2], [4, 0], list(range(6))]

    def decide(obs: dict[str, Any]) -> dict[str, Any]:
        k = len(obs["tried"])
        return {"evaluate": questions[k]} if k < len(questions) else {"build": [1]}

    outcome, seen = drive(instance, decide, 5)
    road_of = Labels(5, instance).permutation("road", 6)
    assert seen[-1]["tried"] == questions
    expected = [assign(town.network, town.closed([road_of[road] for road in one])).total for one in questions]
    assert seen[-1]["totals"] == expected
    assert seen[-1]["base"] == expected[0]
    assert [obs["calls_left"] for obs in seen] == [CALLS, CALLS - 1, CALLS - 2, CALLS - 3, CALLS - 4]
    assert outcome.decisions == [road_of[1]]
    assert outcome.cost == assign(town.network, town.closed([road_of[1]])).total
    assert outcome.metrics["calls"] == 4
    assert sum(link.flow * link.minutes for link in outcome.trace()) == pytest.approx(outcome.cost)
    assert len(outcome.trace()) == len(town.network.tail) - 10


def test_earlier_observations_are_not_changed_by_later_ones() -> None:
    _, seen = drive(MADE[0], lambda obs: {"build": []} if len(obs["tried"]) == 3 else {"evaluate": [len(obs["tried"])]})
    assert [obs["tried"] for obs in seen] == [[], [[0]], [[0], [1]], [[0], [1], [2]]]


def test_twenty_questions_and_no_more() -> None:
    outcome, seen = drive(MADE[0], lambda obs: {"evaluate": []} if obs["calls_left"] else {"build": []})
    assert (len(seen), outcome.metrics["calls"]) == (CALLS + 1, CALLS)
    with pytest.raises(Illegal, match='"evaluate" after 20 evaluations'):
        drive(MADE[0], lambda obs: {"evaluate": []})


REFUSED = [
    (None, "it returned NoneType"),
    ([0], "it returned list"),
    ({}, r"it returned \[\]"),
    ({"construct": []}, "it returned .'construct'"),
    ({"build": [], "evaluate": []}, "it returned .'build', 'evaluate'"),
    ({3: []}, r"it returned \[3\]"),
    ({"build": 3}, "a int; expected a list"),
    ({"build": "01"}, "a str; expected a list"),
    ({"build": np.array([0.0])}, "an array of float64"),
    ({"build": np.array([[0]])}, r"shape \(1, 1\)"),
    ({"build": [True]}, "a road is a bool"),
    ({"evaluate": [1.0]}, "a road is a float"),
    ({"evaluate": [6]}, "road 6; roads are numbered 0 to 5"),
    ({"build": [-1]}, "road -1"),
    ({"build": [1, 1]}, "road 1 is named twice"),
    ({"build": [0, 1, 2, 3, 4, 5]}, "cost .* in all; the budget is"),
]


@pytest.mark.parametrize(("answer", "reason"), REFUSED)
def test_refused_with_a_reason(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        drive(MADE[0], lambda obs: answer)


@given(st.sampled_from(MADE), st.integers(0, 9), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_any_legal_play_ends_at_or_above_the_optimum(instance: Instance, labels: int, rng: random.Random) -> None:
    def decide(obs: dict[str, Any]) -> dict[str, Any]:
        order = rng.sample(range(6), 6)
        if obs["calls_left"] and rng.random() < 0.6:
            return {"evaluate": np.array(order[: rng.randint(0, 6)], dtype=int)}
        left, chosen = obs["budget"], []
        for road in order:
            if obs["road_cost"][road] <= left and rng.random() < 0.8:
                left -= int(obs["road_cost"][road])
                chosen.append(road)
        return {"build": tuple(chosen)}

    outcome, _ = drive(instance, decide, labels)
    reference = OPTIMA[instance.key]
    assert outcome.cost >= reference.value
    assert sum(instance.data.town.cost[road] for road in outcome.decisions) <= instance.data.budget
    assert EVALUATOR.figures(instance, outcome, reference)["saving"] <= 100


def test_the_observation_is_the_town_relabelled_and_nothing_else() -> None:
    instance = MADE[2]
    town, network = instance.data.town, instance.data.town.network
    _, [obs] = drive(instance, lambda obs: {"build": []}, 3)
    labels = Labels(3, instance)
    node, road = labels.permutation("node", 12), labels.permutation("road", 6)
    street = {(network.tail[k], network.head[k]): k for k in range(len(network.tail))}
    before = assign(network, town.closed(()))
    for tail, head, free, capacity, flow in zip(
        *(obs[x] for x in ("tail", "head", "free", "capacity", "flow")), strict=True
    ):
        k = street[node[tail], node[head]]
        assert (free, capacity, flow) == (network.free[k], network.capacity[k], before.flow[k])
    for label, (a, b) in enumerate(zip(obs["road_from"], obs["road_to"], strict=True)):
        forth, back = town.roads[road[label]]
        assert (
            (node[a], node[b]) == (network.tail[forth], network.head[forth]) == (network.head[back], network.tail[back])
        )
        assert obs["road_cost"][label] == town.cost[road[label]]
        assert obs["road_free"][label] == network.free[forth] == network.free[back]
        assert obs["road_capacity"][label] == network.capacity[forth] == network.capacity[back]
    assert {(node[o], node[d]): obs["demand"][o, d] for o, d in np.argwhere(obs["demand"] > 0)} == network.demand
    spent = (obs["demand"] * obs["distance"]).sum()
    assert spent == pytest.approx(obs["base"], rel=2e-6), "at equilibrium everybody is on a quickest way"
    sent = json.dumps({key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in obs.items()})
    assert instance.data.name not in sent
    assert str(EVALUATOR.reference(instance).value) not in sent


def test_relabelling_does_not_change_what_a_set_achieves() -> None:
    instance = MADE[3]
    costs = set()
    for labels in range(4):
        road_of = Labels(labels, instance).permutation("road", 6)
        outcome, _ = drive(instance, lambda obs, of=road_of: {"build": [of.index(2)]}, labels)
        costs.add((outcome.cost, tuple(outcome.decisions)))
    assert costs == {(outcome.cost, (2,))}
