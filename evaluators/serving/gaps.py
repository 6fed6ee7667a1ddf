"""Times between tokens, of which there are tens of thousands a request: kept as runs, and asked for quantiles exactly.

While nothing but the contexts changes, iterations get longer by the same amount each: a run of gaps first,
first + step, first + 2 step, ..., each of which every decoding sequence has.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]


class Gaps:
    """A multiset of gaps, ms."""

    def __init__(self) -> None:
        self._runs: list[tuple[float, float, int, int]] = []  # first, step, how many, times

    def add(self, first: float, times: int = 1, step: float = 0.0, length: int = 1) -> None:
        """`length` gaps from `first` in steps of `step` >= 0, each of them `times` times."""
        if times and length:
            self._runs.append((first, step, length, times))

    def add_all(self, others: Gaps) -> None:
        """The gaps of another engine too."""
        self._runs += others._runs

    def __len__(self) -> int:
        return sum(length * times for _, _, length, times in self._runs)

    def mean(self) -> float:
        """0 if there are none."""
        total = sum(times * (n * first + step * (n * (n - 1) / 2)) for first, step, n, times in self._runs)
        return total / len(self) if self._runs else 0.0

    def quantile(self, share: float) -> float:
        """The smallest gap that is at least as long as `share` of all gaps; 0 if there are none."""
        return self._tail(share)[0]

    def tail_mean(self, share: float) -> float:
        """Mean of the longest 1 - `share` of the gaps (one at least): the expected shortfall. 0 if there are none."""
        return self._tail(share)[1]

    def _tail(self, share: float) -> tuple[float, float]:
        total = len(self)
        if not total:
            return 0.0, 0.0
        first, step, length, times = (np.array(column, dtype=float) for column in zip(*self._runs, strict=True))
        last = first + step * (length - 1)

        def up_to(value: float) -> Array:
            """How many gaps of each run are at most `value`."""
            with np.errstate(all="ignore"):
                inside = np.floor((value - first) / step) + 1
            return np.where(value >= last, length, np.where(value < first, 0.0, np.clip(inside, 0, length)))

        rank = min(total, max(1, ceil(share * total - 1e-9)))
        low, high = float(first.min()) - 1.0, float(last.max())
        while high - low > 1e-12 * max(1.0, high):  # the rank-th gap is in (low, high]
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (low, middle) if (times * up_to(middle)).sum() >= rank else (middle, high)
        count = up_to(high)
        below = count > 0
        value = float((first + step * (count - 1))[below].max())
        beyond = length - count
        longer = (times * (beyond * (first + step * count) + step * beyond * (beyond - 1) / 2)).sum()
        kept = max(1, total - ceil(share * total - 1e-9))
        ties = kept - float((times * beyond).sum())  # gaps equal to the quantile that belong to the tail
        return value, float((longer + ties * value) / kept)
