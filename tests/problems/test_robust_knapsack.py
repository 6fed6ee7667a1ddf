"""The two-stage robust knapsack: golden figures, order of the baselines, what the references are."""

from __future__ import annotations

import pytest

from evaluators.evaluate import evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap on train, in per cent.
GOLDEN = {
    "accept_all": 19.054,
    "soyster": 7.306,
    "nominal": 4.600,
    "robust_density": 3.801,
    "density": 2.476,
    "scenario_search": 0.981,
}


problem, measured = of_problem("robust_knapsack")
gap = recorded("robust_knapsack")


def test_golden_figures_of_every_baseline() -> None:
    assert set(GOLDEN) == set(problem().baselines)
    for name, golden in GOLDEN.items():
        assert gap(name) == pytest.approx(golden, abs=0.001)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_order_of_the_baselines(split: str) -> None:
    """Searching beats density, and density, nominal and robust density lie together, far ahead of accepting all."""
    search, density, nominal, robust, everything = (
        gap(name, split) for name in ("scenario_search", "density", "nominal", "robust_density", "accept_all")
    )
    assert 0 < search < density < min(nominal, robust)
    assert max(nominal, robust) < everything / 4


def test_caution_pays_where_the_budget_is_large() -> None:
    gaps = {name: gap(name, "ood") for name in problem().baselines}
    assert min(gaps, key=gaps.__getitem__) == "soyster"


def test_the_same_again_and_with_other_labels() -> None:
    again = evaluate(problem(), problem().baselines["soyster"], "train", InProcessSandbox())
    assert (again.behaviour, again.results) == (measured("soyster").behaviour, measured("soyster").results)
    other = evaluate(problem(), problem().baselines["accept_all"], "train", InProcessSandbox(), relabelling=4)
    assert other.gaps == measured("accept_all").gaps


def test_accepting_everything_loses_more_where_capacity_is_scarce() -> None:
    gaps: dict[str, list[float]] = {"h=40": [], "h=80": []}
    for result in measured("accept_all").results:
        gaps[result.group.split()[2]].append(result.gap)
    assert len(gaps["h=40"]) == len(gaps["h=80"]) == 8
    assert sum(gaps["h=40"]) > 2 * sum(gaps["h=80"]) > 0


def test_splits_are_as_described_and_share_nothing() -> None:
    counts = {split: [i.data.n for i in problem().instances(split)] for split in problem().splits}
    assert counts == {"train": [20] * 16, "validation": [20] * 8, "test": [30] * 8, "ood": [25] * 8}
    every = [str(instance.data) for split in problem().splits for instance in problem().instances(split)]
    assert len(set(every)) == len(every)


def test_references_are_complete_and_within_their_bounds() -> None:
    assert disagreements(problem()) == []
    kinds = []
    for split in problem().splits:
        for instance in problem().instances(split):
            reference = problem().reference(instance)
            assert reference.floor is not None
            assert reference.floor <= reference.value < 0
            kinds.append(reference.kind)
    assert set(kinds) == {"optimal", "best known"}
