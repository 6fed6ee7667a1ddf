"""Network design: the order of the baselines, the optima, splits."""

from __future__ import annotations

import pytest

from evaluators.evaluate import evaluate
from evaluators.networks.towns import Town
from evaluators.problem import load_problem
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

problem, measured = of_problem("network_design")
gap = recorded("network_design")


def test_order_of_the_baselines() -> None:
    gaps = {name: gap(name) for name in ("additive", "singles", "benefit", "random_maximal", "nothing")}
    assert 0 <= gaps["additive"] < gaps["singles"] < gaps["random_maximal"] < gaps["nothing"]
    assert gaps["additive"] < gaps["benefit"] < gaps["random_maximal"]
    assert gaps["nothing"] > 30
    assert gaps["benefit"] < 10


def test_questions_help() -> None:
    assert gap("additive") < gap("singles")
    assert gap("local_search") < gap("benefit")
    assert {result.metrics["calls"] for result in measured("additive").results} == {20}
    assert {result.metrics["calls"] for result in measured("benefit").results} == {0}


def test_no_baseline_is_below_the_optimum_and_the_optimum_is_reached() -> None:
    assert min(gap for name in ("additive", "local_search") for gap in measured(name).gaps) == 0


def test_a_larger_budget_is_never_worse_at_the_optimum() -> None:
    for split in problem().splits:
        towns: dict[str, list[tuple[int, float]]] = {}
        for instance in problem().instances(split):
            row = (instance.data.budget, problem().reference(instance).value)
            towns.setdefault(instance.data.name, []).append(row)
        for rows in towns.values():
            optima = [optimum for _, optimum in sorted(rows)]
            assert optima == sorted(optima, reverse=True)


def test_saving_is_the_share_of_what_can_be_saved() -> None:
    assert {result.metrics["saving"] for result in measured("nothing").results} == {0}
    for result in measured("additive").results:
        assert (result.metrics["saving"] == pytest.approx(100)) == (result.gap == pytest.approx(0, abs=1e-9))


@pytest.mark.parametrize("name", ["benefit", "singles", "nothing"])
def test_rules_without_ties_do_not_depend_on_the_labels(name: str) -> None:
    again = evaluate(problem(), problem().baselines[name], "train", InProcessSandbox(), relabelling=2)
    assert again.gaps == pytest.approx(measured(name).gaps)


def test_the_same_again() -> None:
    fresh = load_problem("network_design")
    again = evaluate(fresh, fresh.baselines["benefit"], "train", InProcessSandbox())
    assert (again.behaviour, again.results) == (measured("benefit").behaviour, measured("benefit").results)


def test_splits_are_as_described_and_share_nothing() -> None:
    towns: dict[str, dict[str, Town]] = {
        split: {instance.data.name: instance.data.town for instance in problem().instances(split)}
        for split in problem().splits
    }
    shape = {
        split: (len(problem().instances(split)), len(of), sorted({(t.network.nodes, len(t.cost)) for t in of.values()}))
        for split, of in towns.items()
    }
    assert shape == {
        "train": (16, 8, [(16, 12)]),
        "validation": (18, 6, [(20, 12)]),
        "test": (24, 8, [(16, 12), (25, 12)]),
        "ood": (8, 4, [(36, 10)]),
    }
    every = [town for of in towns.values() for town in of.values()]
    assert len({(town.cost, tuple(town.network.free)) for town in every}) == len(every)


def test_references_are_complete_and_one_is_computed_again() -> None:
    assert disagreements(problem()) == []
    assert {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)} == {
        "optimal"
    }
    instance = problem().instances("train")[0]
    assert problem().evaluator.reference(instance).value == pytest.approx(
        problem().reference(instance).value, rel=1e-12
    )
