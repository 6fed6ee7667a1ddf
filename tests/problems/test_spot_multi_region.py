"""Golden figures of spot instances in several regions: the files of the problem, the real driver."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from evaluators.clouds.spot_markets import SAMPLES, market
from evaluators.evaluate import evaluate
from evaluators.references import disagreements
from sandbox.session import InProcessSandbox
from tests.measured import of_problem, recorded

# Mean gap in per cent on train and validation.
GOLDEN = {
    "always_on_demand": [71.34, 69.60],
    "greedy_cheapest": [33.10, 47.46],
    "greedy_safety": [33.12, 47.68],
    "initial": [31.08, 44.96],
    "slack_share": [10.17, 11.30],
    "spot_or_on_demand": [10.41, 9.18],
    "uniform_progress": [22.08, 21.87],
    "uniform_progress_cheapest": [21.61, 20.45],
}


problem, measured = of_problem("spot_multi_region")
gap = recorded("spot_multi_region")


@pytest.mark.parametrize("split", ["train", "validation"])
def test_gaps_to_the_digit(split: str) -> None:
    place = ["train", "validation"].index(split)
    assert {name: round(gap(name, split), 2) for name in GOLDEN} == {n: g[place] for n, g in GOLDEN.items()}


def test_on_demand_costs_what_is_published() -> None:
    """172800 s and 720 s are 890 slots of 195 s at 3.06 $/h: 147.518 $, the published figure."""
    assert {round(result.cost, 3) for result in measured("always_on_demand").results} == {147.518}


def test_the_order_of_the_specification() -> None:
    for split in ("train", "validation"):
        names = (
            "always_on_demand",
            "greedy_safety",
            "uniform_progress",
            "uniform_progress_cheapest",
            "spot_or_on_demand",
        )
        gaps = [gap(name, split) for name in names]
        assert gaps == sorted(gaps, reverse=True)
        assert gaps[0] > 1.4 * gaps[1] > 2 * gaps[2] > 0


def test_policies_that_do_not_look_at_numbers_of_regions_ignore_the_labels() -> None:
    source = problem().baselines["uniform_progress_cheapest"]
    again = evaluate(problem(), source, "train", InProcessSandbox(), relabelling=3)
    assert again.gaps == measured("uniform_progress_cheapest").gaps
    first = evaluate(problem(), problem().baselines["uniform_progress"], "train", InProcessSandbox(), relabelling=3)
    assert first.gaps != measured("uniform_progress").gaps, "it takes the first region, which is another one now"


def test_splits_are_as_described_and_share_nothing() -> None:
    sizes = {split: Counter(len(i.data.market.up) for i in problem().instances(split)) for split in problem().splits}
    assert sizes == {
        "train": {2: 10, 3: 8, 5: 2},
        "validation": {2: 12, 3: 10, 5: 3},
        "test": {2: 48, 3: 36, 5: 12, 9: 6},
        "ood": {2: 12, 3: 12, 4: 12},
    }
    every = [row for split in problem().splits for i in problem().instances(split) for row in i.data.market.up]
    assert len(set(map(tuple, every))) == len(every), "no two regions may share a trace"


def test_markets_have_the_availabilities_that_are_asked_for() -> None:
    made = market("a market", [0.15, 0.5, 0.85], 0.4)
    assert [sum(row) for row in made.up] == [round(share * SAMPLES) for share in (0.15, 0.5, 0.85)]
    assert market("a market", [0.15, 0.5, 0.85], 0.4) == made
    assert all(0.5 < price < 3.06 for row in made.price for price in row)


def test_spells_last_hours_and_prices_stay() -> None:
    """Over 20 regions at 0.5: spells of about 3 hours on average (55 slots), and about 15 prices in 60 hours."""
    rows = [market(f"spells {k}", [0.5], 0.4) for k in range(20)]
    spells = [1 + sum(a != b for a, b in pairwise(m.up[0])) for m in rows]
    prices = [1 + sum(a != b for a, b in pairwise(m.price[0])) for m in rows]
    assert 30 < SAMPLES * 20 / sum(spells) < 80
    assert 11 < sum(prices) / 20 < 19


def agreement(correlation: float) -> float:
    """Share of samples in which two regions of availability 0.5 are both up or both down, over 20 markets."""
    pairs = [market(f"agreement {k}", [0.5, 0.5], correlation).up for k in range(20)]
    return sum(a == b for pair in pairs for a, b in zip(*pair, strict=True)) / (20 * SAMPLES)


def test_regions_move_together_as_much_as_asked() -> None:
    """Orthant probabilities of the normal law: 1/2 + arcsin(rho) / pi, which is 0.5, 0.63 and 0.80."""
    assert agreement(0.0) == pytest.approx(0.5, abs=0.07)
    assert agreement(0.4) == pytest.approx(0.63, abs=0.07)
    assert agreement(0.8) == pytest.approx(0.80, abs=0.07)


def test_scarce_capacity_is_dear() -> None:
    """Prices are lower, on average over 20 regions, in slots with spot machines than in the others."""
    gaps = []
    for k in range(20):
        made = market(f"dear {k}", [0.5], 0.0)
        up = [price for bit, price in zip(made.up[0], made.price[0], strict=True) if bit]
        down = [price for bit, price in zip(made.up[0], made.price[0], strict=True) if not bit]
        gaps.append(sum(down) / len(down) / (sum(up) / len(up)) - 1)
    assert 0.01 < sum(gaps) / 20 < 0.2


def test_references_are_optima_and_agree_with_the_stored_ones() -> None:
    kinds = {problem().reference(i).kind for split in problem().splits for i in problem().instances(split)}
    assert kinds == {"optimal"}
    assert disagreements(problem(), 2) == []
