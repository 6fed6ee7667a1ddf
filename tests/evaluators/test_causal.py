"""Causal orders: losses by hand and by regression, the exact search against all orders, proposals and their refusal."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.learning import orders
from evaluators.learning.causal import (
    CausalOrder,
    Data,
    _proposed,
    generate,
    hamming_distance,
    reversed_share,
)
from evaluators.protocol import Illegal, Instance, Labels, Outcome
from tests import playing

EVALUATOR = CausalOrder()
CHAIN = np.array([[1.0, 0.8, 0.48], [0.8, 1.0, 0.6], [0.48, 0.6, 1.0]])  # 0 -> 1 -> 2
WEIGHTS = np.array([[0.0, 0.8, 0.0], [0.0, 0.0, 0.6], [0.0, 0.0, 0.0]])


def play(instance: Instance, choose: Any, labels: int = 0) -> tuple[Outcome, list[dict[str, Any]]]:
    """Play without a driver; also returns every observation."""
    return playing.play(EVALUATOR, instance, choose, labels)


def chain(start: tuple[int, ...] = (0, 1, 2)) -> Instance:
    return Instance("chain", "d=3", Data(CHAIN, start, WEIGHTS, np.ones(3)))


def test_losses_of_a_chain_by_hand() -> None:
    """0 1 2: 1 + (1 - .64) + (1 - .36). 0 2 1: 1 + (1 - .48^2), and 1 given both: 1 - r' C^-1 r with r = (.8, .6):
    (.64 + .36 - 2 * .8 * .6 * .48) / (1 - .2304) = .5392 / .7696. 1 0 2: 1 + .36 + .64, 0 tells nothing more of 2."""
    assert orders.loss(CHAIN, [0, 1, 2]) == pytest.approx(2.0)
    assert orders.loss(CHAIN, [0, 2, 1]) == pytest.approx(1 + 0.7696 + 1 - 0.5392 / 0.7696)
    assert orders.loss(CHAIN, [1, 0, 2]) == pytest.approx(2.0)
    assert orders.bound(CHAIN) <= 2.0


def test_residuals_are_those_of_a_regression() -> None:
    data = generate("regression", 8, samples=50)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8)) @ np.linalg.cholesky(data.S).T
    X -= X.mean(axis=0)
    S = X.T @ X / 60
    order = [3, 1, 7, 0, 2, 6, 5, 4]
    total = 0.0
    for position, node in enumerate(order):
        fit = X[:, order[:position]]
        beta = np.linalg.lstsq(fit, X[:, node], rcond=None)[0]
        total += np.mean((X[:, node] - fit @ beta) ** 2)
    assert orders.loss(S, order) == pytest.approx(total)
    assert orders.losses(S, np.array([order, order[::-1]])).tolist() == pytest.approx(
        [total, orders.loss(S, order[::-1])]
    )


@pytest.mark.parametrize("seed", range(4))
def test_exact_search_against_all_orders(seed: int) -> None:
    S = generate(f"all orders {seed}", 6, samples=100).S
    every = orders.losses(S, np.array(list(permutations(range(6)))))
    best = orders.best_order(S)
    assert sorted(best) == list(range(6))
    assert orders.loss(S, best) == pytest.approx(every.min(), abs=1e-12)
    assert orders.bound(S) <= every.min()


@pytest.mark.parametrize("seed", range(3))
def test_long_search_finds_the_optimum_of_twelve_nodes_and_is_not_below_it(seed: int) -> None:
    S = generate(f"long search {seed}", 12).S
    best = orders.loss(S, orders.best_order(S))
    assert orders.loss(S, orders.searched_order(S, "key")) == pytest.approx(best, abs=1e-9)
    assert orders.loss(S, orders.greedy_order(S)) >= best - 1e-12
    assert orders.bound(S) < best


def test_every_order_has_the_same_sum_of_logarithms() -> None:
    """Why the loss is a sum of variances: the likelihood without a penalty cannot tell orders apart."""
    S = generate("logarithms", 7).S
    sums = [
        np.log(np.diagonal(orders.factor(S, order))).sum() for order in ([0, 1, 2, 3, 4, 5, 6], [3, 6, 1, 0, 2, 5, 4])
    ]
    assert sums[0] == pytest.approx(sums[1])


def test_generated_data_have_the_covariance_of_the_model() -> None:
    """Undo the standardising, compare with (I - W)^-T diag(noise) (I - W)^-1: here by W's regressions alone."""
    data = generate("model", 9, samples=200_000)
    covariance = data.S * np.outer(data.deviations, data.deviations)
    mixing = np.eye(9) - data.W
    noise = mixing.T @ covariance @ mixing
    deviations = np.sqrt(np.diagonal(noise))
    assert np.abs(noise / np.outer(deviations, deviations) - np.eye(9)).max() < 0.02
    assert 0.5 * 0.98 < deviations.min() < deviations.max() < 2 * 1.02
    weights = np.abs(data.W[data.W != 0])
    assert 0.5 <= weights.min() <= weights.max() <= 2.0
    assert np.diagonal(data.S) == pytest.approx(np.ones(9))
    equal = generate("equal", 9, samples=200_000, unequal=1.0)
    noise = np.diagonal(
        (np.eye(9) - equal.W).T @ (equal.S * np.outer(equal.deviations, equal.deviations)) @ (np.eye(9) - equal.W)
    )
    assert noise == pytest.approx(np.ones(9), abs=0.03)


def test_number_of_edges() -> None:
    """degree d edges expected: 2 * 20 and 4 * 20."""
    for degree in (2.0, 4.0):
        edges = [np.count_nonzero(generate(f"edges {k}", 20, degree, samples=30).W) for k in range(40)]
        assert np.mean(edges) == pytest.approx(degree * 20, rel=0.1)


def test_reversed_edges_and_hamming_distance_by_hand() -> None:
    """2 -> 1 -> 0 in the order 0 1 2 has both edges reversed. Least squares in the order 0 1 2 finds the chain."""
    assert reversed_share(WEIGHTS, [0, 1, 2]) == 0
    assert reversed_share(WEIGHTS, [1, 0, 2]) == 0.5
    assert reversed_share(WEIGHTS, [2, 1, 0]) == 1
    assert reversed_share(np.zeros((3, 3)), [2, 1, 0]) == 0
    data = chain().data
    assert hamming_distance(data, [0, 1, 2]) == 0
    assert hamming_distance(data, [2, 1, 0]) == 2, "both edges are found the wrong way round, and nothing else"
    # 0 2 1: 2 is explained by 0 with .48, a wrong edge; 1 by both: r' C^-1 with r = (.8, .6) is (.665, .281) -> 0 -> 1
    # is right, the edge of 1 and 2 is too weak and missing
    assert hamming_distance(data, [0, 2, 1]) == 2
    big = Data(data.S, data.start, data.W, np.array([1.0, 1.0, 2.0]))
    assert hamming_distance(big, [0, 2, 1]) == 2, "weights on the original scale: .96, and .281 / 2 = .14"


def test_an_episode_by_hand() -> None:
    """From 0 2 1 (loss 2.069): swapping positions 0 and 1 gives 2 0 1, a loss of 1 + .7696 + .2994: the same, so it is
    refused; swapping 1 and 2 gives 0 1 2 with a loss of 2: kept; then stop."""
    answers = iter([[0, 1], (2, 1), None])
    outcome, seen = play(chain((0, 2, 1)), lambda obs: next(answers))
    assert outcome.cost == pytest.approx(2.0)
    assert outcome.decisions == [0, 1, 2]
    assert outcome.metrics == {
        "reversed_edges": 0,
        "shd": 0,
        "proposals": 2,
        "kept": 1,
        "gain": pytest.approx(100 * (1 - 2.0 / seen[0]["loss"])),
    }
    assert [obs["left"] for obs in seen] == [9, 8, 7]
    assert [obs["tried"].sum() for obs in seen] == [0, 2, 0]
    assert seen[1]["tried"].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_a_whole_order_is_kept_only_if_it_is_better() -> None:
    node_of = Labels(0, chain()).permutation("node", 3)
    label = {node: i for i, node in enumerate(node_of)}
    good, bad = [label[0], label[1], label[2]], [label[0], label[2], label[1]]
    outcome, _ = play(chain((0, 2, 1)), lambda obs: good)
    assert outcome.decisions == [0, 1, 2]
    assert outcome.metrics["kept"] == 1
    outcome, _ = play(chain((0, 1, 2)), lambda obs: np.array(bad))
    assert (outcome.decisions, outcome.metrics["kept"], outcome.metrics["proposals"]) == ([0, 1, 2], 0, 9)


@given(st.integers(0, 5), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_any_legal_proposals_end_at_the_loss_of_their_order(key: int, rng: Any) -> None:
    """Every observation is consistent: L is the factor of S in the order, the loss its squares, which never rise."""
    [instance] = EVALUATOR.instances(f"any {key}", sizes=[[7, 1]])

    def choose(obs: dict[str, Any]) -> Any:
        draw = rng.random()
        if draw < 0.02:
            return None
        return rng.sample(range(7), 2 if draw < 0.8 else 7)

    outcome, seen = play(instance, choose, key)
    for obs in seen:
        factor = np.linalg.cholesky(obs["S"][np.ix_(obs["order"], obs["order"])])
        assert obs["L"] == pytest.approx(factor, abs=1e-9)
        assert obs["loss"] == pytest.approx(np.square(np.diagonal(factor)).sum())
    losses = [obs["loss"] for obs in seen] + [round(outcome.cost, 9)]
    assert losses == sorted(losses, reverse=True)
    assert len(seen) <= 21
    assert outcome.cost == orders.loss(instance.data.S, outcome.decisions)
    assert outcome.cost >= EVALUATOR.reference(instance).value - 1e-12


@given(st.integers(0, 9), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_the_stated_gain_of_swapping_neighbours_is_exact(key: int, d: int) -> None:
    S = generate(f"gain {key}", max(d, 3), samples=100).S
    order = list(range(len(S)))
    L = orders.factor(S, order)
    for i in range(len(S) - 1):
        a, b, c = L[i, i] ** 2, L[i + 1, i] ** 2, L[i + 1, i + 1] ** 2
        swapped = [*order[:i], i + 1, i, *order[i + 2 :]]
        assert orders.loss(S, order) - orders.loss(S, swapped) == pytest.approx(b * (a - b - c) / (b + c), abs=1e-9)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("01", "returned a str; expected"),
        (3, "returned a int"),
        ({0: 1}, "returned a dict"),
        ([], "returned 0 items"),
        ([0], "returned 1 items"),
        ([0, 1, 2], r"returned 3 items; expected \[i, j\], a list of all 5 nodes, or None"),
        ([0, 0], "position 0 cannot be swapped with itself"),
        ([0, 5], "entry 1 of the answer is 5; positions and nodes are numbered 0 to 4"),
        ([-1, 2], "entry 0 of the answer is -1"),
        ([0, 1.0], "entry 1 of the answer is a float"),
        ([True, 2], "entry 0 of the answer is a bool"),
        ([None, 2], "entry 0 of the answer is a NoneType"),
        ([[0], [1]], "entry 0 of the answer is a list"),
        ([0, 1, 2, 3, 3], "holds node 3 twice"),
        ([0, 1, 2, 3, 5], "entry 4 of the answer is 5"),
        (np.array([0.0, 1.0]), "array of float64"),
        (np.array([[0, 1]]), "array of int64"),
        (np.array([True, False]), "array of bool"),
        ([0, 2**80], "entry 1"),
    ],
)
def test_what_is_refused_and_why(answer: Any, reason: str) -> None:
    with pytest.raises(Illegal, match=reason):
        _proposed(answer, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4])


@given(st.permutations(range(5)), st.integers(0, 4), st.data())
def test_any_single_corruption_of_an_order_is_refused(order: list[Any], place: int, data: Any) -> None:
    bad = st.one_of(st.integers(5, 2**70), st.integers(max_value=-1), st.booleans(), st.floats(), st.none(), st.text())
    other = st.sampled_from([node for i, node in enumerate(order) if i != place])
    answer = list(order)
    answer[place] = data.draw(st.one_of(bad, other))
    with pytest.raises(Illegal):
        _proposed(answer, [0, 1, 2, 3, 4], [3, 1, 2, 0, 4])


def test_relabelling_changes_the_numbers_and_not_what_a_rule_does() -> None:
    [instance] = EVALUATOR.instances("labels", sizes=[[8, 1]])

    def gain(obs: dict[str, Any]) -> Any:
        S, order = obs["S"], obs["order"]
        return min(
            ([i, j] for j in range(8) for i in range(j)),
            key=lambda p: orders.loss(
                S, [order[p[1]] if k == p[0] else order[p[0]] if k == p[1] else order[k] for k in range(8)]
            ),
        )

    (first, a), (second, b) = play(instance, gain, 0), play(instance, gain, 1)
    assert first.decisions == second.decisions
    assert first.cost == second.cost
    assert a[0]["order"] != b[0]["order"]
    assert a[0]["S"].tolist() != b[0]["S"].tolist()
    assert a[0]["L"].tolist() == b[0]["L"].tolist()


def test_exactly_the_observation_crosses(run: Any, recorder: Any) -> None:
    """No weights, no deviations, no reference; and what is written into it has no effect."""
    source = """
def decide(obs):
    obs["S"][:] = 0
    obs["L"][:] = 0
    obs["tried"][:] = 1
    obs["order"].reverse()
    obs["left"] = 10**6
    return [0, 1]
"""
    [instance] = EVALUATOR.instances("crosses", sizes=[[6, 1]])
    [played] = run(EVALUATOR, [instance], source, session=recorder, functions=("decide",))
    calls = [message for message in recorder.messages if message["op"] == "call"]
    assert len(calls) == 18
    for message in calls:
        assert set(message) == {"op", "episodes", "over", "arguments"}
        assert set(message["arguments"][0]) == {"S", "order", "L", "loss", "tried", "left"}
    unharmed, _ = play(instance, lambda obs: [0, 1])
    assert (unharmed.cost, unharmed.decisions) == (played.outcome.cost, played.outcome.decisions)


def test_references_and_their_kinds() -> None:
    small, large = EVALUATOR.instances("kinds", sizes=[[10, 1], [16, 1]])
    assert EVALUATOR.reference(small).kind == "optimal"
    reference = EVALUATOR.reference(large)
    assert reference.kind == "best known"
    assert reference.bound is not None
    assert 0 < reference.bound < reference.value < 16
    assert math.isclose(reference.value, EVALUATOR.reference(large).value, abs_tol=0)
