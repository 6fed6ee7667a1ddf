"""Anytime curves: the best so far against what was used so far, of one run and over seeds; and the time to a target.

A curve is a frame of steps: a row holds from its place on every axis up to that of the next row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evolve.archive import Archive
from evolve.insight import AXES, MEASURES, anytime
from evolve.wallclock import sessions


def axis_of(budget: str) -> str:
    """The axis on which a budget is used up."""
    return "seconds" if budget == "hours" else budget


def curve(run: str, archive: Archive) -> pd.DataFrame:
    """The curve of a run (see `anytime`): a column an axis, and `train` and `validation`. NaN: nothing yet, or not
    known."""
    steps = anytime(archive.glimpses(run), archive.calls(run), sessions(archive, run))
    return pd.DataFrame([asdict(step) for step in steps], columns=[*AXES, *MEASURES], dtype=float)


def reached(one: pd.DataFrame, target: float) -> dict[str, float]:
    """Where on each axis a curve's train gap is first at or below a target; NaN where it never is."""
    there = one[one["train"] <= target]
    return {axis: float(there[axis].iloc[0]) if len(there) else np.nan for axis in AXES}


@dataclass(frozen=True)
class Band:
    """Median and quartiles over runs of a measure on common places of an axis; NaN where they are not defined."""

    x: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    median: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def band(runs: Sequence[pd.DataFrame], axis: str, measure: str) -> Band:
    """The band of several curves. A run that has nothing yet counts as worse than any that has; one that has ended
    keeps what it had."""
    x = np.unique(np.concatenate([one[axis].to_numpy(dtype=float) for one in runs]))
    x = x[np.isfinite(x)]
    values = np.array([values_at(one, axis, measure, x) for one in runs])
    ordered = np.sort(np.where(np.isnan(values), np.inf, values), axis=0)
    return Band(x, *(_quantile(ordered, share) for share in (0.25, 0.5, 0.75)))


def _quantile(ordered: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    """A quantile of sorted columns, by linear interpolation; NaN where it meets an infinite value (numpy's own is NaN
    already where one is near)."""
    place = share * (len(ordered) - 1)
    low, high = ordered[int(place)], ordered[int(np.ceil(place))]
    with np.errstate(invalid="ignore"):
        found = np.where(low == high, low, low + (place % 1) * (high - low)) if place % 1 else low
    return np.where(np.isfinite(found), found, np.nan)


def values_at(one: pd.DataFrame, axis: str, measure: str, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What a curve holds at places of an axis."""
    places = np.searchsorted(one[axis].to_numpy(dtype=float), x, side="right") - 1
    held = one[measure].to_numpy(dtype=float)[np.maximum(places, 0)]
    return np.where(places < 0, np.nan, held)
