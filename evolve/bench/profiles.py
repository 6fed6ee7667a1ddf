"""Profiles over all (problem, seed) pairs: how often a contestant is close to the best, and how soon at the target.

Performance profiles: E. D. Dolan and J. J. Moré, Benchmarking optimization software with performance profiles,
Mathematical Programming 91 (2002). Data profiles: J. J. Moré and S. M. Wild, Benchmarking derivative-free optimization
algorithms, SIAM Journal on Optimization 20 (2009); here in the units of an axis.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

PAIR = ["problem", "seed"]
REFERENCE = 100.0  # per cent: a cost is its reference plus the gap
LEAST = 1.0


def ratios(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with a column `ratio`: a run's cost on test to the smallest of its pair; infinite where there is none.

    A cost is 100 + gap per cent of its reference. Where a problem's scale is not per cent, this is a shift like any
    other; where it would leave a gap of the problem below 1, the shift is larger, so that the smallest becomes 1.
    """
    least = runs.groupby("problem")["test"].transform("min")
    cost = runs["test"] + np.maximum(REFERENCE, LEAST - least)
    ratio = cost / cost.groupby([runs[key] for key in PAIR]).transform("min")
    return runs.assign(ratio=ratio.fillna(np.inf))


def performance_profile(runs: pd.DataFrame) -> pd.DataFrame:
    """By contestant (`name`) and `tau`: the `share` of its runs whose test cost is at most tau times the best of the
    pair. Steps from tau = 1 on, at the same places for all."""
    return _shares(ratios(runs), "ratio", "tau", start=1.0)


def target_profile(runs: pd.DataFrame, axis: str) -> pd.DataFrame:
    """By contestant (`name`) and place on an axis: the `share` of its runs that had reached the target there."""
    return _shares(runs.assign(to=runs[f"to_target_{axis}"].fillna(np.inf)), "to", axis, start=0.0)


def _shares(runs: pd.DataFrame, value: str, column: str, start: float) -> pd.DataFrame:
    """The share of each contestant's values that are at or below each value that any of them has."""
    finite = runs[value][np.isfinite(runs[value])]
    places = np.unique(np.concatenate([[start], finite.to_numpy(dtype=float)]))
    found = []
    for name, of_one in runs.groupby("name", sort=False):
        ordered = np.sort(of_one[value].to_numpy(dtype=float))
        share = np.searchsorted(ordered, places, side="right") / len(ordered)
        found.append(pd.DataFrame({"name": name, column: places, "share": share}))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["name", column, "share"])
