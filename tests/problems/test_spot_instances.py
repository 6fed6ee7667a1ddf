"""Golden figures of spot instances in one zone, beside the published ones: files of the problem, the real driver."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from evaluators.clouds.spot_instances import SpotInstances, score
from evaluators.clouds.spot_zones import SAMPLES, WINDOW, start_of_slice, zone
from evaluators.evaluate import evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap in per cent on train and validation.
GOLDEN = {
    "always_on_demand": [80.20, 76.48],
    "greedy_safety": [26.30, 32.92],
    "initial": [17.80, 24.92],
    "slack_share": [5.74, 5.60],
    "spot_or_on_demand": [18.95, 17.16],
    "time_sliced": [22.78, 22.30],
    "uniform_progress": [11.62, 12.13],
}
# Mean cost in $ by cell (D, d), published on the real traces.
PUBLISHED = {
    "uniform_progress": [107.48, 113.46, 120.14, 86.61, 89.08, 93.34],
    "clairvoyant": [97.98, 100.21, 104.44, 81.61, 83.53, 87.92],
}


problem, measured = of_problem("spot_instances")
gap = recorded("spot_instances")


def cells(values: list[tuple[str, float]]) -> list[float]:
    """Means by group, in the order of the published table."""
    groups = defaultdict(list)
    for group, value in values:
        groups[group].append(value)
    assert list(groups) == [f"D={D} d={d}" for D in (52, 70) for d in (0.02, 0.05, 0.1)]
    return [sum(group) / len(group) for group in groups.values()]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_gaps_to_the_digit(split: str) -> None:
    place = ["train", "validation"].index(split)
    assert {name: round(gap(name, split), 2) for name in GOLDEN} == {n: g[place] for n, g in GOLDEN.items()}


def test_costs_are_close_to_those_on_the_real_traces() -> None:
    """Two free parameters of the generator, fitted to 12 published means of cells: each is met within 4 %."""
    rule = measured("uniform_progress", "test").results
    costs = {
        "uniform_progress": cells([(result.group, result.cost) for result in rule]),
        "clairvoyant": cells([(result.group, result.reference) for result in rule]),
    }
    for name, published in PUBLISHED.items():
        assert costs[name] == pytest.approx(published, rel=0.04)
        assert sum(costs[name]) == pytest.approx(sum(published), rel=0.01)


def test_on_demand_costs_what_it_must() -> None:
    """48 h and one overhead of at most 0.1 h are 289 slots of 0.51 $, whatever the deadline."""
    assert {round(result.cost, 9) for result in measured("always_on_demand").results} == {147.39}


def test_the_order_of_the_specification() -> None:
    for split in ("train", "validation"):
        gaps = [gap(name, split) for name in ("always_on_demand", "greedy_safety", "uniform_progress")]
        assert gaps[0] > 2 * gaps[1] > 4 * gaps[2] > 0
        assert gap("slack_share", split) < gaps[2]
        assert min(gap("initial", split), gap("spot_or_on_demand", split)) > gaps[2]


def test_scores_average_to_the_score_of_the_mean_cost() -> None:
    results = measured("greedy_safety").results
    average = sum(result.metrics["score"] for result in results) / len(results)
    assert average == pytest.approx(score(sum(result.cost for result in results) / len(results)))


def test_hours_of_a_run_add_up() -> None:
    for result in measured("uniform_progress").results:
        hours = [result.metrics[f"{kind}_hours"] for kind in ("spot", "on_demand", "idle")]
        assert result.cost == pytest.approx(0.9731 * hours[0] + 3.06 * hours[1])
        assert 48 < hours[0] + hours[1] < 54
        assert sum(hours) <= float(result.group.split("=")[1].split()[0]) + 1e-9


def test_slices_are_cut_as_published() -> None:
    """numpy's legacy generator, seeded with the slice's number."""
    np.random.seed(107)
    assert start_of_slice(107) == np.random.randint(0, 1781 - 554)
    assert start_of_slice(0) == 684
    assert start_of_slice(0) + WINDOW <= SAMPLES


@pytest.mark.parametrize(("availability", "cycles", "sigma"), [(0.541, 90, 1.5), (0.197, 90, 1.5), (0.02, 90, 2.0)])
def test_zones_are_as_specified(availability: float, cycles: int, sigma: float) -> None:
    made = zone("a zone", availability, cycles, sigma)
    assert (len(made), sum(made)) == (SAMPLES, round(availability * SAMPLES))
    spells = 1 + sum(a != b for a, b in pairwise(made))
    assert spells == 2 * min(cycles, sum(made))
    assert made == zone("a zone", availability, cycles, sigma) != zone("another", availability, cycles, sigma)


def test_spells_have_long_tails() -> None:
    """Ten zones: the longest tenth of the spells holds over 40 % of the time; of a geometric law, 33 %."""
    lengths = []
    for k in range(10):
        made = zone(f"tail {k}", 0.5, 90, 1.5)
        edges = [0, *(i for i in range(1, SAMPLES) if made[i] != made[i - 1]), SAMPLES]
        lengths += [b - a for a, b in pairwise(edges)]
    longest = sorted(lengths)[-len(lengths) // 10 :]
    assert sum(longest) > 0.4 * sum(lengths)


def test_splits_are_as_described_and_share_nothing() -> None:
    sizes = {split: len(problem().instances(split)) for split in problem().splits}
    assert sizes == {"train": 72, "validation": 72, "test": 360, "ood": 96}
    every = [instance.data for split in problem().splits for instance in problem().instances(split)]
    assert len({tuple(case.market.up[0]) for case in every}) == len(every), "no two runs may share a trace"
    ood = {(case.job.deadline, case.job.overhead) for case in every[-96:]}
    assert ood == {(D * 3600, d) for D in (52, 60, 90) for d in (720, 1440)}


def test_nothing_depends_on_the_labels() -> None:
    source = problem().baselines["uniform_progress"]
    again = evaluate(problem(), source, "train", InProcessSandbox(), relabelling=3)
    assert (again.behaviour, again.results) == (
        measured("uniform_progress").behaviour,
        measured("uniform_progress").results,
    )


def test_references_are_optima_and_agree_with_the_stored_ones() -> None:
    kinds = {problem().reference(i) for split in problem().splits for i in problem().instances(split)}
    assert {reference.kind for reference in kinds} == {"optimal"}
    assert disagreements(problem()) == []
    assert not SpotInstances.slow_reference
