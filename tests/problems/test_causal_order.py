"""Causal orders: what is known of raw and of standardised data, the order of the baselines, the shipped splits."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.learning import orders
from evaluators.learning.causal import generate
from evaluators.problem import Problem
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import loaded


def shipped() -> Problem:
    return loaded("causal_order")


@cache
def measured(name: str, split: str = "train") -> Evaluation:
    source = shipped().initial if name == "initial" else shipped().baselines[name]
    made = evaluate(shipped(), source, split, InProcessSandbox())
    assert made.failure is None
    return made


def mean(made: Evaluation) -> float:
    assert made.gap_mean is not None
    return made.gap_mean


def adjacent_swaps(S: orders.Array, order: list[int]) -> list[int]:
    """To a local optimum, whatever the number of swaps."""
    best = orders.loss(S, order)
    while True:
        for i in range(len(order) - 1):
            swapped = [*order[:i], order[i + 1], order[i], *order[i + 2 :]]
            if (value := orders.loss(S, swapped)) < best - 1e-12:
                order, best = swapped, value
                break
        else:
            return order


@cache
def excess(standardised: bool, equal: bool) -> dict[str, float]:
    """Mean loss above the optimum in per cent, d = 10, 2 d edges, over 20 models: the comparison of the literature."""
    rows = []
    for k in range(20):
        data = generate(f"comparison {k}", 10, unequal=1.0 if equal else 2.0)
        scale = np.ones(10) if standardised else data.deviations
        S = data.S * np.outer(scale, scale)
        by_variance = [int(node) for node in np.argsort(np.round(np.diagonal(S), 9), kind="stable")]
        least = orders.loss(S, orders.best_order(S))
        tried = [list(data.start), by_variance, orders.greedy_order(S), adjacent_swaps(S, by_variance)]
        rows.append([100 * (orders.loss(S, order) / least - 1) for order in tried])
    means = np.mean(rows, axis=0).tolist()
    return dict(zip(("random", "variance_sort", "equal_variance", "variance_sort_adjacent"), means, strict=True))


def test_raw_data_of_equal_noise_are_trivial() -> None:
    """Variances grow along the order: sorting by them is nearly enough, the greedy order is optimal."""
    found = excess(standardised=False, equal=True)
    assert found["random"] > 200
    assert found["variance_sort"] < 15
    assert found["equal_variance"] < 0.05
    assert found["variance_sort_adjacent"] < 0.5


def test_standardised_data_are_not() -> None:
    found = excess(standardised=True, equal=True)
    assert 15 < found["random"] < 60
    assert found["variance_sort"] == pytest.approx(found["random"], rel=0.4), "equal variances say nothing"
    assert 1 < found["variance_sort_adjacent"] < 12
    assert 1 < found["equal_variance"] < 15


def test_order_of_the_baselines_on_train() -> None:
    gaps = {name: mean(measured(name)) for name in shipped().baselines}
    assert 0 < gaps["equal_variance_starts"] < gaps["best_swap"] < gaps["pair_gain"] < gaps["adjacent_gain"]
    assert gaps["adjacent_gain"] < gaps["adjacent"] < gaps["variance_sort"] < gaps["stop"]
    assert gaps["topo"] < gaps["adjacent_gain"]
    assert gaps["random_pairs"] < gaps["adjacent"]


def test_golden_gaps_on_train() -> None:
    assert round(mean(measured("stop")), 1) == 49.6
    assert round(mean(measured("equal_variance")), 1) == 15.1
    assert round(mean(measured("adjacent_gain")), 1) == 13.5
    assert round(mean(measured("best_swap")), 2) == 0.85
    assert round(mean(measured("equal_variance_starts")), 2) == 0.22


def test_least_squares_on_standardised_data_prefers_reversed_orders() -> None:
    """Better orders by this loss have more edges reversed than random ones, half of whose edges are."""

    def reversed_edges(name: str) -> float:
        return float(np.mean([result.metrics["reversed_edges"] for result in measured(name).results]))

    assert reversed_edges("stop") == pytest.approx(50, abs=10)
    assert reversed_edges("equal_variance_starts") > 60


def test_the_initial_program_leaves_room() -> None:
    assert mean(measured("topo")) < mean(measured("initial")) < mean(measured("stop"))


@pytest.mark.parametrize("name", ["adjacent_gain", "pair_gain", "topo", "best_swap", "equal_variance_starts"])
def test_rules_do_not_depend_on_the_labels(name: str) -> None:
    again = evaluate(shipped(), shipped().baselines[name], "train", InProcessSandbox(), relabelling=3)
    assert again.gaps == pytest.approx(measured(name).gaps, abs=1e-6)


def test_the_same_again() -> None:
    again = evaluate(shipped(), shipped().baselines["random_pairs"], "train", InProcessSandbox())
    assert again.results == measured("random_pairs").results
    assert again.behaviour == measured("random_pairs").behaviour


def test_splits_are_as_described_and_share_nothing() -> None:
    sizes = {split: [i.group for i in shipped().instances(split)] for split in shipped().splits}
    assert {split: {g: of.count(g) for g in dict.fromkeys(of)} for split, of in sizes.items()} == {
        "train": {"d=10": 12, "d=14": 12, "d=20": 8},
        "validation": {"d=12": 12, "d=14": 10, "d=25": 8},
        "test": {"d=10": 12, "d=14": 12, "d=30": 10, "d=50": 4},
        "ood": {"d=12": 12, "d=20": 8, "d=40": 4},
    }
    every = [i.data.S.tobytes() for split in shipped().splits for i in shipped().instances(split)]
    assert len(set(every)) == len(every)


def test_stored_references_are_complete_and_right() -> None:
    assert disagreements(shipped()) == []
    for instance in [*shipped().instances("train")[::5], *shipped().instances("test")[:3]]:
        stored = shipped().reference(instance)
        if len(instance.data.S) <= 14:
            assert stored.kind == "optimal"
            assert stored.value == pytest.approx(shipped().evaluator.reference(instance).value, abs=1e-9)
        else:
            assert stored.kind == "best known"
            assert stored.bound == pytest.approx(orders.bound(instance.data.S), abs=1e-9)
