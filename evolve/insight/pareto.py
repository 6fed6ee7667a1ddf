"""What is Pareto-optimal: no other program is at least as good in everything and better in something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

OBJECTIVES = {  # column of a leaderboard -> what it is; less is better in all of them
    "gap_validation": "mean gap on validation",
    "decision_seconds": "time deciding on all of train, s",
    "size": "nodes of the syntax tree",
}
ALIKE = 2.0  # decision times within a factor of this are taken for the same


def pareto(frame: pd.DataFrame) -> list[bool]:
    """Which rows of a leaderboard (`Archive.leaderboard`) are Pareto-optimal in gap, decision time and size.

    Times compare in powers of two, so that the noise of a clock makes nothing optimal. A row that lacks one of them is
    not optimal, and rules nothing out.
    """
    values = np.array(frame[list(OBJECTIVES)], dtype=float)
    seconds = np.maximum(values[:, 1], 1e-9)
    values[:, 1] = np.round(np.log(seconds) / np.log(ALIKE))
    complete = np.isfinite(values).all(axis=1)
    optimal = np.zeros(len(values), dtype=bool)
    optimal[np.flatnonzero(complete)[_front(values[complete])]] = True
    return [bool(one) for one in optimal]


def _front(values: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Rows that no other row dominates; equal ones stay together. In order of the first column, so that what leads
    rules out most of the rest at once."""
    left = np.lexsort(values.T[::-1])
    front: list[npt.NDArray[np.intp]] = []
    while len(left):
        best, others = values[left[0]], values[left]
        same = (others == best).all(axis=1)
        front.append(left[same])
        left = left[~same & (others < best).any(axis=1)]
    return np.concatenate(front) if front else np.empty(0, dtype=np.intp)
