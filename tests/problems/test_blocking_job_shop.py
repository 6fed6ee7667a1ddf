"""Golden figures of the blocking job shop on Lawrence's instances, and the order of rules on the other splits."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.machines.blocking_log import faults
from evaluators.machines.one_machine import makespan_bound
from evaluators.problem import Problem
from evaluators.protocol import Labels
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import loaded, recorded

# Mean makespan over the job shop's optimum on la01 to la20: without failures, and with probability 0.05, 0.1, 0.2. The
# first column holds to the digit. The others were made with other draws of the failures: the rule's place by 0.05.
LAWRENCE = {
    "spt": (1.768, 1.820, 1.840, 1.904),
    "lpt": (1.784, 1.824, 1.856, 1.911),
    "mtwr": (1.722, 1.772, 1.797, 1.854),
    "ltwr": (1.768, 1.796, 1.821, 1.877),
    "lor": (1.753, 1.786, 1.824, 1.853),
    "fifo": (1.771, 1.813, 1.837, 1.891),
    "holders_first": (1.698, 1.730, 1.766, 1.815),
}
LA01 = {"spt": 1175, "mtwr": 1142, "fifo": 1130, "mor": 1130}


gap = recorded("blocking_job_shop")


def problem() -> Problem:
    return loaded("blocking_job_shop")


@cache
def measured(baseline: str, split: str) -> Evaluation:
    """On test, la01 to la20 only: ten instances each."""
    positions = range(200) if split == "test" else None
    made = evaluate(problem(), problem().baselines[baseline], split, InProcessSandbox(), positions)
    assert made.failure is None
    return made


def test_lawrence_by_failure_rate() -> None:
    keys = [instance.key.split("|") for instance in problem().instances("test")[:200]]
    for rule, expected in LAWRENCE.items():
        ratios = defaultdict(list)
        for (name, rate, *_), result in zip(keys, measured(rule, "test").results, strict=True):
            assert name <= "la20"
            ratios[rate].append(1 + result.gap / 100)
        means = [sum(of) / len(of) for of in ratios.values()]
        assert list(ratios) == ["p=0", "p=0.05", "p=0.1", "p=0.2"]
        assert round(means[0], 3) == expected[0], rule
        assert means == pytest.approx(expected, abs=0.05), rule
        assert means == sorted(means), "failures only lengthen a schedule, on average"


def test_most_operations_remaining_without_failures() -> None:
    """MOR 1.791 on la01 to la20, and la01 by itself for four rules."""
    assert problem().instances("test")[0].key == "la01|p=0|50|0"
    assert {rule: measured(rule, "test").results[0].cost for rule in LA01} == LA01
    keys = [instance.key for instance in problem().instances("test")[:200]]
    plain = [r.gap for key, r in zip(keys, measured("mor", "test").results, strict=True) if "p=0|" in key]
    assert round(1 + sum(plain) / 2000, 3) == 1.791


def test_lawrence_is_as_published() -> None:
    """The one-machine bound never exceeds the published optimum, and meets it on the 23 instances that it closes."""
    made = {instance.key.split("|")[0]: instance for instance in problem().instances("test")}
    assert len(made) == 40
    bounds = {name: makespan_bound(instance.data.shop) for name, instance in made.items()}
    optima = {name: problem().evaluator.reference(instance).value for name, instance in made.items()}
    assert all(bounds[name] <= optima[name] for name in made)
    assert sum(bounds[name] == optima[name] for name in made) == 23
    assert all(bounds[f"la{k:02d}"] == optima[f"la{k:02d}"] for k in (*range(5, 16), *range(31, 36)))
    for instance in made.values():
        assert all(sorted(route) == list(range(instance.data.shop.m)) for route in instance.data.shop.route)


@pytest.mark.parametrize("split", ["train", "validation", "ood"])
def test_letting_blockers_move_first_is_best(split: str) -> None:
    best = gap("holders_first", split)
    assert 0 < gap("wanted_first", split) < best + 2
    assert best + 2 < min(gap(rule, split) for rule in ("mtwr", "fifo", "lpt", "random_order"))


def test_logs_of_a_baseline_pass_the_independent_check() -> None:
    for instance in problem().instances("train")[::20]:
        episode = problem().evaluator.episode(instance, Labels(0, instance))
        answer = None
        while True:
            try:
                table = episode.send(answer)
            except StopIteration as stop:
                outcome = stop.value
                break
            assert callable(table.columns["work_left"])
            answer = [float(-work) for work in table.columns["work_left"]()]
        assert faults(instance.data, outcome.trace()) == []
        assert outcome.metrics["blocked"] > 0.1


def test_the_initial_program_is_fifo() -> None:
    made = evaluate(problem(), problem().initial, "train", InProcessSandbox())
    assert made.behaviour == measured("fifo", "train").behaviour


def test_the_same_again() -> None:
    again = evaluate(problem(), problem().baselines["spt"], "train", InProcessSandbox())
    assert again.results == measured("spt", "train").results
    assert again.behaviour == measured("spt", "train").behaviour


def test_splits_are_as_described_and_share_nothing() -> None:
    made = {split: problem().instances(split) for split in problem().splits}
    assert {split: len(of) for split, of in made.items()} == {"train": 120, "validation": 96, "test": 400, "ood": 45}
    every = [instance.key for of in made.values() for instance in of]
    assert len(set(every)) == len(every)
    shops = [{str(instance.data.shop) for instance in of} for of in made.values()]
    assert len(set().union(*shops)) == sum(map(len, shops)) == 30 + 24 + 40 + 15
    assert {instance.data.rate for instance in made["ood"]} == {0, 0.05, 0.3}


def test_references_are_proven_bounds() -> None:
    for split in problem().splits:
        assert {problem().reference(instance).kind for instance in problem().instances(split)} == {"bound"}
    assert disagreements(problem(), None) == []
