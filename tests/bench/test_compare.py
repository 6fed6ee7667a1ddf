"""Comparisons against hand-computed cases."""

from __future__ import annotations

import math
from itertools import product

import pandas as pd
import pytest

from evaluators.statistics import paired_test
from evolve.bench.compare import compare, holm
from evolve.bench.frames import Frames
from evolve.insight import AXES


def frames_of(gaps: dict[tuple[str, str, int], list[float]]) -> Frames:
    """Frames of champions' gaps by problem, contestant and seed; no gaps: it has failed."""
    runs, instances = [], []
    for (problem, name, seed), values in gaps.items():
        key = {"problem": problem, "name": name, "strategy": name, "proposer": "m", "variant": "plain", "seed": seed}
        test = sum(values) / len(values) if values else math.nan
        rest = {"train": 1.0, "valid_rate": 0.5, "target": 2.0, **{f"to_target_{axis}": 3.0 for axis in AXES}}
        runs.append({**key, "test": test, **rest})
        instances += [{**key, "instance": f"i{place}", "gap": gap} for place, gap in enumerate(values)]
    return Frames(pd.DataFrame(runs), pd.DataFrame(), pd.DataFrame(instances), {}, {})


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, math.nan])[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(holm([0.01, math.nan])[1])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_a_paired_test_is_over_instances_of_common_seeds() -> None:
    found = frames_of(
        {
            ("p", "a", 0): [1.0, 2.0, 3.0],
            ("p", "a", 1): [3.0, 4.0, 5.0],
            ("p", "b", 0): [2.0, 2.0, 2.0],
            ("p", "b", 2): [100.0, 100.0, 100.0],
        }
    )
    first, second = compare(found).problems.to_dict("records")
    assert math.isnan(first["p"])
    assert first["test"] == 3.0
    test = paired_test([2.0, 2.0, 2.0], [1.0, 2.0, 3.0])
    assert (second["difference"], second["p"]) == (test.difference, test.p_value)
    assert (second["wins"], second["losses"], second["holm"]) == (1, 1, second["p"])


def test_runs_are_compared_by_all_ways_to_share_them_out() -> None:
    gaps = {("p", "a", seed): [float(seed)] * 9 for seed in range(3)}
    gaps |= {("p", "b", seed): [seed + 3.0] * 9 for seed in range(3)}
    found = compare(frames_of(gaps))
    first, second = found.problems.to_dict("records")
    assert math.isnan(first["p_runs"])
    assert second["p_runs"] == pytest.approx(2 / 20)  # of the 20 ways to choose 3 of 6 this and its mirror image
    assert second["p"] < 0.05
    assert found.overall.loc[1, "losses"] == 0, "three runs of each do not tell seeds from strategies"


def test_over_all_problems_by_hand() -> None:
    gaps = {}
    for problem, seed in product("pqr", range(5)):
        gaps[problem, "a", seed] = [10.0 + place for place in range(12)]
        gaps[problem, "b", seed] = [9.0 + place for place in range(12)]  # better on all
        gaps[problem, "c", seed] = [10.0 + place for place in range(12)]  # the same
        gaps[problem, "d", seed] = [20.0 + place for place in range(12)]
    gaps["r", "d", 4] = []
    rows = compare(frames_of(gaps)).overall.set_index("name")
    assert rows["rank"].tolist() == [2.5, 1.0, 2.5, 4.0]
    assert rows.loc["b", ["wins", "losses", "undecided", "better", "worse"]].tolist() == [3, 0, 0, 15, 0]
    assert rows.loc["c", ["wins", "losses", "undecided", "sign", "wilcoxon"]].tolist() == [0, 0, 3, 1, 1]
    assert rows.loc["d", ["wins", "losses", "failed", "better", "worse"]].tolist() == [0, 3, 1, 0, 15]
    assert rows.loc["b", "sign"] == pytest.approx(2 / 2**15)
    assert rows.loc["b", "wilcoxon"] < 0.001  # by the normal approximation, for the differences are tied


def test_one_that_never_ran_is_the_worst() -> None:
    rows = compare(frames_of({("p", "a", 0): [1.0, 2.0], ("p", "b", 0): []}))
    assert math.isnan(rows.problems.loc[1, "test"])
    assert rows.overall["rank"].tolist() == [1.0, 2.0]
    assert rows.overall.loc[1, "worse"] == 1
