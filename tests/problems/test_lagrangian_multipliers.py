"""The Lagrangian multipliers: order of the update rules, golden figures, references."""

from __future__ import annotations

import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem

# Mean gap on train, in per cent.
GOLDEN = {
    "camerini": 0.050,
    "volume": 0.061,
    "polyak": 0.062,
    "polyak_fixed": 0.300,
    "constant_step": 1.863,
    "keep": 106.574,
}


problem, measured = of_problem("lagrangian_multipliers")


def mean(made: Evaluation) -> float:
    assert made.gap_mean is not None
    return made.gap_mean


def test_golden_figures_of_every_baseline() -> None:
    """To 2 %: sums of products may round differently elsewhere, and a hundred steps amplify it."""
    assert set(GOLDEN) == set(problem().baselines)
    for name, gap in GOLDEN.items():
        assert mean(measured(name)) == pytest.approx(gap, rel=0.02, abs=0.002)


def test_no_bound_is_below_the_relaxation() -> None:
    for name in GOLDEN:
        assert min(measured(name).gaps) >= -1e-9


def test_order_of_the_rules() -> None:
    """A step that knows the target and shrinks beats one that does not shrink, and both beat blind steps."""
    assert 0 < mean(measured("polyak")) < mean(measured("polyak_fixed")) < mean(measured("initial")) / 3
    assert mean(measured("initial")) < mean(measured("constant_step")) < mean(measured("keep"))
    early = {
        name: sum(result.metrics["early_gap"] for result in measured(name).results) / len(measured(name).results)
        for name in ("polyak", "initial")
    }
    assert early["polyak"] < 1 < early["initial"]


def test_staying_at_nought_gives_the_profit_of_all_items() -> None:
    instances = problem().instances("train")
    assert [result.cost for result in measured("keep").results] == [float(i.data.profits.sum()) for i in instances]


def test_the_same_again_and_with_other_labels() -> None:
    again = evaluate(problem(), problem().baselines["camerini"], "train", InProcessSandbox())
    assert (again.behaviour, again.results) == (measured("camerini").behaviour, measured("camerini").results)
    other = evaluate(problem(), problem().baselines["constant_step"], "train", InProcessSandbox(), relabelling=2)
    assert other.gaps == measured("constant_step").gaps


def test_splits_are_as_described_and_share_nothing() -> None:
    counts = {split: len(problem().instances(split)) for split in problem().splits}
    assert counts == {"train": 18, "validation": 27, "test": 54, "ood": 27}
    sizes = {(i.data.n, i.data.m) for i in problem().instances("ood")}
    assert sizes == {(150, 5), (150, 15), (400, 60)}
    every = [str(instance.data) for split in problem().splits for instance in problem().instances(split)]
    assert len(set(every)) == len(every)


def test_references_are_optimal_and_agree_with_the_solver() -> None:
    assert disagreements(problem()) == []
    assert {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)} == {
        "optimal"
    }
