"""Prefix reordering: golden figures, the order of the baselines, and what the two caches make of an order of rows."""

from __future__ import annotations

import pytest

from evaluators.databases.tables import OTHERS, SHAPES
from evaluators.evaluate import Evaluation, evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap on test, in points of hit rate.
GOLDEN = {
    "adaptive": 22.31,
    "fewest_values": 38.82,
    "ggr": 8.64,
    "original_order": 61.27,
    "sorted_rows": 45.0,
    "static_columns": 12.33,
}


problem, measured = of_problem("prefix_reordering")
gap = recorded("prefix_reordering")


def rate(made: Evaluation, name: str) -> float:
    return sum(result.metrics[name] for result in made.results) / len(made.results)


@pytest.mark.parametrize("baseline", GOLDEN)
def test_golden_figures(baseline: str) -> None:
    assert round(gap(baseline, "test"), 2) == GOLDEN[baseline]


@pytest.mark.parametrize("split", ["train", "validation", "test", "ood"])
def test_order_of_the_baselines(split: str) -> None:
    best_first = ("ggr", "static_columns", "adaptive", "sorted_rows", "original_order")
    gaps = [gap(baseline, split) for baseline in best_first]
    assert gaps[0] > 0
    assert gaps == sorted(gaps)


def test_static_columns_do_on_beers_about_as_published_on_the_real_ones() -> None:
    """Published for the real table of 28,479 rows, with a cache of all earlier rows and without newlines: 0.5533."""
    [static] = [result for result in measured("static_columns", "test").results if result.group == "beers"]
    assert static.metrics["hit_any"] == pytest.approx(0.5533, abs=0.03)


@pytest.mark.parametrize("split", ["train", "test"])
def test_sorting_rows_is_what_a_cache_of_all_rows_would_do(split: str) -> None:
    original, by_text = measured("original_order", split), measured("sorted_rows", split)
    for one, other in zip(original.results, by_text.results, strict=True):
        assert one.metrics["hit_any"] == other.metrics["hit_any"] == pytest.approx(other.metrics["hit"])
        assert one.metrics["hit"] < other.metrics["hit"]


def test_the_initial_program_is_neither_trivial_nor_the_best() -> None:
    assert gap("static_columns") < gap("initial") < gap("sorted_rows")


def test_the_same_again() -> None:
    again = evaluate(problem(), problem().baselines["adaptive"], "train", InProcessSandbox())
    assert again.results == measured("adaptive", "train").results
    assert again.behaviour == measured("adaptive", "train").behaviour


def test_labels_change_a_rule_of_contents_by_ties_alone() -> None:
    again = evaluate(problem(), problem().baselines["static_columns"], "train", InProcessSandbox(), relabelling=3)
    assert again.gaps == pytest.approx(measured("static_columns", "train").gaps, abs=0.01)


def test_splits_are_as_described_and_share_nothing() -> None:
    shapes = {
        split: [(instance.group, len(instance.data[0])) for instance in problem().instances(split)]
        for split in problem().splits
    }
    assert shapes == {
        "train": [(shape, 400) for shape in SHAPES for _ in range(2)],
        "validation": [(shape, 500) for shape in SHAPES for _ in range(2)],
        "test": [(shape, 5000) for shape in SHAPES],
        "ood": [(shape, 600) for shape in OTHERS for _ in range(3)],
    }
    every = [str(instance.data) for split in problem().splits for instance in problem().instances(split)]
    assert len(set(every)) == len(every)


def test_references_are_proven_and_stored() -> None:
    assert disagreements(problem()) == []
    stored = [problem().reference(instance) for split in problem().splits for instance in problem().instances(split)]
    assert {reference.kind for reference in stored} == {"bound"}
    for instance in problem().instances("train")[::3]:
        assert problem().evaluator.reference(instance) == problem().reference(instance)
