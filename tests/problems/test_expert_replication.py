"""Expert replication: golden figures, the order of the baselines, the published balancer and the published loads."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.gpus.experts import balancedness, replicas
from evaluators.protocol import Instance, Labels, Outcome
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap on test, in points of balancedness.
GOLDEN = {
    "eplb": 27.96,
    "greedy_lpt": 23.37,
    "greedy_snake": 23.65,
    "no_replication": 66.29,
    "since_change_lpt": 22.58,
    "smoothed_lpt": 26.47,
    "uniform": 65.41,
}


problem, measured = of_problem("expert_replication")
gap = recorded("expert_replication")


def metric(made: Evaluation, name: str) -> float:
    return float(np.mean([result.metrics[name] for result in made.results]))


@pytest.mark.parametrize("rule", GOLDEN)
def test_golden_figures(rule: str) -> None:
    assert round(gap(rule, "test"), 2) == GOLDEN[rule]


@pytest.mark.parametrize("split", ["train", "validation", "ood"])
def test_order_of_the_baselines(split: str) -> None:
    order = ("since_change_lpt", "greedy_lpt", "greedy_snake", "smoothed_lpt", "no_replication")
    gaps = [gap(rule, split) for rule in order]
    assert gaps[0] > 0
    assert gaps == sorted(gaps)
    assert gap("greedy_snake", split) < gap("eplb", split) < gap("uniform", split)


def test_the_initial_program_is_neither_trivial_nor_the_best() -> None:
    assert gap("greedy_lpt") < gap("initial") < gap("no_replication")


def test_the_hierarchical_balancer_keeps_each_group_on_one_node() -> None:
    assert {result.metrics["nodes_per_group"] for result in measured("eplb", "train").results} == {1.0}
    assert metric(measured("greedy_lpt", "train"), "nodes_per_group") > 2


def test_greedy_snake_does_as_published_on_the_real_loads() -> None:
    """Published for that method on a server's record: 0.7555 over all pairs; by pair 0.664, then 0.835, at the change
    of workload 0.437, and 0.679 after it. Slots are less even here than the published 0.2855."""
    assert metric(measured("greedy_snake", "test"), "B_gpu") == pytest.approx(0.7555, abs=0.02)
    assert metric(measured("greedy_snake", "test"), "B_slot") == pytest.approx(0.2294, abs=0.0001)
    phases = []
    for instance in problem().instances("test"):
        logarithm = np.log(instance.data.load + 1.0)
        pairs = by_window(instance, played("greedy_snake", instance))
        change = int(np.argmin([np.corrcoef(*both)[0, 1] for both in pairwise(flat(logarithm))]))
        steady = [balance for now, balance in enumerate(pairs) if now not in (0, change, change + 1)]
        phases.append((pairs[0], np.mean(steady), pairs[change], pairs[change + 1]))
    assert np.mean(phases, axis=0).tolist() == pytest.approx([0.664, 0.835, 0.437, 0.679], abs=0.015)


def flat(windows: Any) -> Any:
    return windows.reshape(len(windows), -1)


def test_what_is_lost_is_lost_to_the_unknown() -> None:
    """Placed by the very loads that it serves, greedy replication with LPT is within 1 % of the bound."""
    assert metric(measured("greedy_lpt", "test"), "B_known") > 0.99
    assert max(problem().reference(instance).value for instance in problem().instances("test")) < 0.001


def played(baseline: str, instance: Instance, seed: int = 0) -> Outcome:
    space: dict[str, Any] = {}
    exec(problem().baselines[baseline], space)
    episode = problem().evaluator.episode(instance, Labels(seed, instance))
    answer = None
    while True:
        try:
            observation = episode.send(answer)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        answer = space["decide"](observation)


def by_window(instance: Instance, outcome: Outcome) -> list[float]:
    """Balancedness of GPUs in each window that was served."""
    trace = instance.data
    return [
        balancedness(np.array(placement), load, trace.gpus)[0]
        for placement, load in zip(outcome.decisions, trace.load[1:], strict=True)
    ]


@pytest.mark.parametrize("position", [0, 4])
def test_the_papers_rule_is_the_published_algorithm(position: int) -> None:
    """An account of it in plain loops, layer by layer, gives the same loads of GPUs and as many slots."""
    instance = problem().instances("train")[position]
    trace = instance.data
    experts = trace.load.shape[2]
    for placement, load in zip(played("eplb", instance).decisions, trace.load[:-1], strict=True):
        counts = replicas(np.array(placement), experts)
        for row, loads, count in zip(placement, load.tolist(), counts, strict=True):
            expected_count, expected_gpus = hierarchical(loads, trace.slots, trace.groups, trace.nodes, trace.gpus)
            assert count.tolist() == expected_count
            size = trace.slots // trace.gpus
            of_gpu = [
                sum(loads[e] / count[e] for e in row[g * size : (g + 1) * size]) for g in range(trace.gpus)
            ]  # fmt: skip
            assert sorted(of_gpu) == pytest.approx(sorted(expected_gpus))


def balanced(weights: list[float], packs: int) -> list[list[int]]:
    """Items by pack: the heaviest first, to the lightest pack with room."""
    inside: list[list[int]] = [[] for _ in range(packs)]
    for item in sorted(range(len(weights)), key=lambda i: -weights[i]):
        room = [pack for pack in range(packs) if len(inside[pack]) < len(weights) // packs]
        inside[min(room, key=lambda pack: sum(weights[i] for i in inside[pack]))].append(item)
    return inside


def hierarchical(load: list[int], slots: int, groups: int, nodes: int, gpus: int) -> tuple[list[int], list[float]]:
    """DeepSeek's hierarchical balancer on one layer: slots of each expert, load of each GPU."""
    size = len(load) // groups
    count = [1] * len(load)
    of_gpu = []
    for inside in balanced([sum(load[g * size : (g + 1) * size]) for g in range(groups)], nodes):
        local = [g * size + k for g in inside for k in range(size)]
        for _ in range(slots // nodes - len(local)):
            count[max(local, key=lambda e: load[e] / count[e])] += 1
        shares = [load[e] / count[e] for e in local for _ in range(count[e])]
        of_gpu += [sum(shares[i] for i in pack) for pack in balanced(shares, gpus // nodes)]
    return count, of_gpu


def test_labels_change_nothing_for_a_rule_without_ties() -> None:
    again = evaluate(problem(), problem().baselines["greedy_lpt"], "train", InProcessSandbox(), relabelling=3)
    assert again.gaps == pytest.approx(measured("greedy_lpt", "train").gaps, abs=0.05)


def test_the_same_again() -> None:
    again = evaluate(problem(), problem().baselines["greedy_snake"], "train", InProcessSandbox())
    assert again.results == measured("greedy_snake", "train").results
    assert again.behaviour == measured("greedy_snake", "train").behaviour


def test_splits_are_as_described_and_share_nothing() -> None:
    shapes = {
        split: [instance.data.load.shape for instance in problem().instances(split)] for split in problem().splits
    }
    assert shapes == {
        "train": [(11, 6, 64)] * 4 + [(11, 4, 128)] * 2,
        "validation": [(11, 6, 64)] * 4 + [(11, 6, 128)] * 4,
        "test": [(11, 58, 256)] * 6,
        "ood": [(16, 26, 64)] * 3 + [(16, 26, 160)] * 3,
    }
    every = [instance.data.load.tobytes() for split in problem().splits for instance in problem().instances(split)]
    assert len(set(every)) == len(every)


def test_references_are_proven_and_stored() -> None:
    kinds = {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)}
    assert kinds == {"bound"}
    assert disagreements(problem()) == []
