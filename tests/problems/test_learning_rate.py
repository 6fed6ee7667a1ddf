"""Schedules compared as in the literature: linear decay against the others, and the shipped splits."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from evaluators.evaluate import Evaluation, evaluate
from evaluators.problem import Problem
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import loaded, recorded

# 100 ln(loss / loss of linear decay), a mean over powers .5, 1, 1.5 and T = 30, 100, 300, 1000, 3000; with the means
# over T <= 100 and over T >= 1000.
QUADRATIC = {
    "linear": (0.0, 0.0, 0.0),
    "warmup_linear": (2.9, 1.8, 3.7),
    "polynomial": (3.7, 7.6, -0.8),
    "rex": (4.0, 1.1, 6.7),
    "cosine": (4.1, 5.4, 2.5),
    "exponential": (5.1, 14.4, -4.9),
    "inverse_time": (9.0, 1.2, 18.2),
    "one_cycle": (15.2, 13.6, 16.3),
    "inverse_sqrt": (17.1, 4.2, 31.5),
    "wsd": (17.5, 9.0, 25.8),
    "step_50_75": (35.5, 28.9, 40.8),
    "constant": (39.9, 17.4, 64.0),
    "step_30_60_90": (45.1, 41.2, 46.7),
}


gap = recorded("learning_rate")


def shipped() -> Problem:
    return loaded("learning_rate")


@cache
def quadratics() -> Problem:
    """The noisy quadratics of the comparison: round numbers of steps, the grid of base rates where it stands."""
    made = shipped().evaluator.instances(
        "comparison", tasks=["quadratic"], steps=[[30, 100, 300, 1000, 3000]], powers=[0.5, 1.0, 1.5], jitter=False
    )
    return replace(shipped(), _instances={"test": made}, _references={}, folder=shipped().folder / "none")


@cache
def measured(problem: Any, name: str, split: str) -> Evaluation:
    source = problem().initial if name == "initial" else problem().baselines[name]
    made = evaluate(problem(), source, split, InProcessSandbox())
    assert made.failure is None
    return made


def mean(made: Evaluation, metric: str | None = None) -> float:
    values = [r.gap if metric is None else r.metrics[metric] for r in made.results if not metric or metric in r.metrics]
    return sum(values) / len(values)


@pytest.mark.parametrize("name", QUADRATIC)
def test_schedules_on_the_noisy_quadratic(name: str) -> None:
    made = measured(quadratics, name, "test")
    figures = [mean(made), mean(made, "low_budget"), mean(made, "high_budget")]
    assert figures == pytest.approx(QUADRATIC[name], abs=0.06)


def test_costs_lie_above_the_proven_bound() -> None:
    for name in QUADRATIC:
        for instance, result in zip(
            quadratics().instances("test"), measured(quadratics, name, "test").results, strict=True
        ):
            assert result.cost > instance.data.task.bound


@pytest.mark.parametrize("split", ["train", "validation"])
def test_linear_decay_is_the_best_of_the_textbook_on_average(split: str) -> None:
    gaps = {name: gap(name, split) for name in shipped().baselines}
    assert gaps["linear"] == pytest.approx(0, abs=1e-9)
    assert all(more > 1 for name, more in gaps.items() if name != "linear")
    decaying = max(gaps[name] for name in ("warmup_linear", "rex", "cosine", "polynomial", "uba"))
    assert decaying < gaps["exponential"] < gaps["wsd"] < gaps["constant"] < gaps["step_30_60_90"]


def test_rex_is_good_at_low_budget_and_exponential_decay_at_high_budget() -> None:
    rex, exponential = measured(shipped, "rex", "train"), measured(shipped, "exponential", "train")
    assert mean(rex, "low_budget") < 1 < 5 < mean(rex, "high_budget")
    assert mean(exponential, "high_budget") < 0 < 10 < mean(exponential, "low_budget")


def test_refinement_is_close_to_linear_decay_where_gradients_are_mostly_noise() -> None:
    made = measured(shipped, "refined", "train")
    gaps = [result.gap for result in made.results if result.group.startswith("quadratic")]
    assert abs(float(np.mean(gaps))) < 1


def test_uba_with_phi_2_is_cosine_decay() -> None:
    source = shipped().baselines["uba"].replace("phi=1.0", "phi=2.0")
    costs = [r.cost for r in evaluate(shipped(), source, "train", InProcessSandbox()).results]
    assert costs == pytest.approx([r.cost for r in measured(shipped, "cosine", "train").results])


def test_the_initial_program_is_worse_than_linear_decay() -> None:
    assert gap("initial") > 10


def test_the_same_again() -> None:
    again = evaluate(shipped(), shipped().baselines["refined"], "train", InProcessSandbox(), relabelling=5)
    assert again.results == measured(shipped, "refined", "train").results
    assert again.behaviour == measured(shipped, "refined", "train").behaviour


def test_splits_are_as_described_and_share_nothing() -> None:
    counts = {split: len(shipped().instances(split)) for split in shipped().splits}
    assert counts == {"train": 18, "validation": 14, "test": 27, "ood": 9}
    every = [repr(instance.data) for split in shipped().splits for instance in shipped().instances(split)]
    assert len(set(every)) == len(every)
    kinds = {split: {i.group.split()[0] for i in shipped().instances(split)} for split in shipped().splits}
    assert kinds["train"] == kinds["validation"] == kinds["test"] == {"quadratic", "logistic"}
    assert kinds["ood"] == {"network"}


def test_references_are_complete_and_say_what_is_proven() -> None:
    assert disagreements(shipped(), sample=2) == []
    for instance in shipped().instances("train"):
        reference = shipped().reference(instance)
        assert reference.kind == "baseline"
        assert (reference.bound is not None) == instance.group.startswith("quadratic")
