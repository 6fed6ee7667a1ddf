"""Golden figures of the job shop on all 80 of Taillard's instances, and the order of rules on the other splits."""

from __future__ import annotations

from collections import defaultdict

import pytest

from evaluators.evaluate import evaluate
from evaluators.machines.shop import faults
from evaluators.protocol import Instance, Labels, Outcome
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap per class 15x15 20x15 20x20 30x15 30x20 50x15 50x20 100x20, and over all, in per cent.
GOLDEN = {
    "spt": ([25.9, 32.8, 27.8, 35.3, 34.4, 24.1, 25.5, 14.4], 27.52),
    "mwkr": ([19.2, 23.4, 21.8, 23.9, 25.1, 16.9, 17.9, 8.3], 19.56),
    "mopnr": ([20.5, 23.6, 21.7, 22.8, 24.9, 17.4, 17.7, 9.2], 19.72),
    "fifo": ([23.9, 31.4, 27.4, 31.2, 31.1, 20.7, 23.9, 13.6], 25.40),
    "fdd_mwkr": ([17.7, 21.3, 19.9, 21.7, 24.0, 15.3, 16.3, 7.6], 17.98),
    "lrm": ([19.5, 20.0, 17.7, 20.3, 23.7, 14.3, 15.2, 6.5], 17.14),
}
MEANS = {"lpt": 43.06, "lwkr": 45.67}


problem, measured = of_problem("job_shop", default="test")
gap = recorded("job_shop")


@pytest.mark.parametrize("rule", GOLDEN)
def test_taillard_class_by_class(rule: str) -> None:
    classes = defaultdict(list)
    for result in measured(rule).results:
        classes[result.group].append(result.gap)
    assert list(classes) == ["15x15", "20x15", "20x20", "30x15", "30x20", "50x15", "50x20", "100x20"]
    assert [round(sum(gaps) / 10, 1) for gaps in classes.values()] == GOLDEN[rule][0]
    assert round(measured(rule).gap_mean or 0.0, 2) == GOLDEN[rule][1]


@pytest.mark.parametrize("rule", MEANS)
def test_taillard_on_average(rule: str) -> None:
    assert round(gap(rule, "test"), 2) == MEANS[rule]


def test_random_order_is_what_random_rules_average() -> None:
    """31.05 over random rules; a hash of an operation's figures is one of them."""
    assert gap("random_order", "test") == pytest.approx(31.05, abs=0.3)


def test_makespans_of_spt_on_the_first_ten() -> None:
    assert [result.cost for result in measured("spt").results[:10]] == [
        1462,
        1446,
        1495,
        1708,
        1618,
        1522,
        1434,
        1457,
        1622,
        1697,
    ]


@pytest.mark.parametrize("split", ["train", "validation", "ood"])
def test_order_of_the_rules(split: str) -> None:
    lrm, mwkr, fifo = (gap(rule, split) for rule in ("lrm", "mwkr", "fifo"))
    assert 0 < lrm < mwkr < fifo
    if split != "ood":
        assert fifo < gap("lpt", split) < gap("lwkr", split)


def lrm_without_a_driver(instance: Instance) -> Outcome:
    episode = problem().evaluator.episode(instance, Labels(0, instance))
    answer = None
    while True:
        try:
            table = episode.send(answer)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        answer = [float(-work) for work in table.columns["work_after"]()]


def test_schedules_of_a_baseline_pass_the_independent_check() -> None:
    instance = problem().instances("train")[0]
    outcome = lrm_without_a_driver(instance)
    assert faults(instance.data, outcome.trace()) == []
    assert outcome.cost == measured("lrm", "train").results[0].cost


def test_the_initial_program_is_fifo() -> None:
    made = evaluate(problem(), problem().initial, "train", InProcessSandbox())
    assert made.behaviour == measured("fifo", "train").behaviour


def test_rules_without_ties_do_not_depend_on_the_labels() -> None:
    for name in ("fdd_mwkr", "random_order"):
        again = evaluate(problem(), problem().baselines[name], "train", InProcessSandbox(), relabelling=3)
        assert again.gaps == measured(name, "train").gaps


def test_the_same_again() -> None:
    again = evaluate(problem(), problem().baselines["mwkr"], "train", InProcessSandbox())
    assert again.results == measured("mwkr", "train").results
    assert again.behaviour == measured("mwkr", "train").behaviour


def test_splits_are_as_described_and_share_nothing() -> None:
    sizes = {split: [i.group for i in problem().instances(split)] for split in problem().splits}
    assert {split: {g: of.count(g) for g in set(of)} for split, of in sizes.items() if split != "test"} == {
        "train": {"15x15": 20, "20x15": 10},
        "validation": {"20x20": 10, "30x15": 5},
        "ood": {"20x15": 5, "20x20": 5, "30x15": 5, "30x20": 5},
    }
    every = [str(instance.data) for split in problem().splits for instance in problem().instances(split)]
    assert len(set(every)) == len(every) == 145


def test_references_say_what_is_proven() -> None:
    kinds = {
        split: sorted({problem().reference(instance).kind for instance in problem().instances(split)})
        for split in problem().splits
    }
    assert kinds == {"train": ["bound"], "validation": ["bound"], "test": ["best known", "optimal"], "ood": ["bound"]}
    assert disagreements(problem(), None) == []
