"""Entanglement scheduling: figures of the baselines, and what the folder promises."""

from __future__ import annotations

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap on train and test, points above the bound.
GOLDEN = {
    "edf": [17.67, 22.52],
    "edf_long": [18.36, 24.39],
    "llf": [18.36, 24.35],
    "rm": [18.93, 22.37],
    "fifo": [37.64, 40.82],
}

# Mean throughput (pairs a second) and worst jitter (slots) on the stars of test, by load: 20, 40, 80 pairs a second.
STAR = {
    "edf": [(21.4, 0.5), (30.0, 3.5), (35.0, 6.0)],
    "edf_long": [(21.4, 0.0), (31.5, 28.0), (35.4, 32.5)],
    "rm": [(19.8, 0.0), (29.6, 0.0), (33.3, 0.0)],
    "fifo": [(15.1, 21.5), (23.2, 37.5), (24.9, 60.0)],
}


problem, measured = of_problem("quantum_network")
gap = recorded("quantum_network")


def on_stars(rule: str) -> Evaluation:
    return measured(rule, "test", "star")


@pytest.mark.parametrize("rule", GOLDEN)
def test_golden_figures(rule: str) -> None:
    assert [round(gap(rule, split), 2) for split in ("train", "test")] == GOLDEN[rule]


@pytest.mark.parametrize("rule", STAR)
def test_throughput_and_jitter_on_stars(rule: str) -> None:
    found = []
    for load in (20, 40, 80):
        results = [result for result in on_stars(rule).results if result.group == f"star load={load}"]
        found.append(
            tuple(round(sum(r.metrics[name] for r in results) / len(results), 1) for name in ("throughput", "jitter"))
        )
    assert found == STAR[rule]


def test_rm_never_has_jitter_and_serves_less_than_edf() -> None:
    for made in (measured, on_stars):
        assert {result.metrics["jitter"] for result in made("rm").results} == {0.0}
        served = {rule: sum(r.metrics["throughput"] for r in made(rule).results) for rule in ("rm", "edf")}
        assert served["rm"] < served["edf"]


def test_longest_first_among_equal_deadlines_has_more_jitter() -> None:
    for made in (measured, on_stars):
        jitter = {rule: sum(r.metrics["jitter"] for r in made(rule).results) for rule in ("edf", "edf_long")}
        assert jitter["edf"] < jitter["edf_long"]


def test_the_initial_program_is_fifo_and_leaves_room() -> None:
    made = evaluate(problem(), problem().initial, "train", InProcessSandbox())
    assert made.behaviour == measured("fifo", "train").behaviour
    assert max(gap("edf"), gap("rm")) < 0.6 * gap("initial")


def test_nothing_is_below_the_bound() -> None:
    for rule in GOLDEN:
        assert min(measured(rule).gaps + on_stars(rule).gaps) >= -1e-9
    assert min(on_stars("edf").gaps) < 1e-9, "the bound is met where all that is asked for can be served"


def test_splits_are_as_described_and_share_nothing() -> None:
    groups = {split: {i.group for i in problem().instances(split)} for split in problem().splits}
    assert {split: len(names) for split, names in groups.items()} == {"train": 6, "validation": 6, "test": 12, "ood": 3}
    every = [str(i.data) for split in problem().splits for i in problem().instances(split)]
    assert len(set(every)) == len(every) == 24 + 24 + 48 + 15


def test_references_are_as_stored() -> None:
    assert disagreements(problem()) == []
    assert {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)} == {"bound"}
