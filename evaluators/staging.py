"""An evaluation in stages: a probe, some more instances, the rest; between two of them it may stop.

It stops where the program did on the probe what a known one does, and where it has lost the race: a paired test says
that it cannot come near its best parent. Racing over instance blocks is from Maron and Moore (1994) and F-Race
(Birattari et al., 2002). Instances come in an order that is common to all programs, mixes the classes, and begins with
those that rank known programs as all of them do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Literal

import numpy as np
import numpy.typing as npt

Stopped = Literal["repeats", "outraced"]
PROBE, SECOND = 1 / 6, 1 / 2  # of the instances: after the first stage, and after the second
KNOWN = 3  # programs, or the better half if that is more: searches end up beyond them, not among the bad ones
LEAST = 4  # instances of a probe; with fewer than three times as many in all there is one stage
ERRORS = 3.0  # standard errors that the difference to the parent must lie beyond the slack
DIGEST = 12  # bytes


@dataclass(frozen=True)
class Gate:
    """When to stop. known: digests of what known programs did on the probe, one after the other. bar: the gaps of the
    best parent by position, None for no race. order: positions as they are to be played, None for the classes in turn.
    slack: how much worse than the bar a program may be, as a share of it (or of its spread over the instances, if that
    is more)."""

    known: bytes = b""
    bar: Sequence[float] | None = None
    order: Sequence[int] | None = None
    slack: float = 0.5

    def stops(self, probe: str, gaps: Mapping[int, float]) -> Stopped | None:
        """Whether to stop after the stages that gave these gaps by position."""
        if self._knows(bytes.fromhex(probe)):
            return "repeats"
        return "outraced" if self._lost(gaps) else None

    def _knows(self, digest: bytes) -> bool:
        at = self.known.find(digest)
        while at >= 0 and at % DIGEST:
            at = self.known.find(digest, at + 1)
        return at >= 0

    def _lost(self, gaps: Mapping[int, float]) -> bool:
        if self.bar is None or len(gaps) < LEAST:
            return False
        bar = [self.bar[position] for position in gaps]
        behind = [gap - other for gap, other in zip(gaps.values(), bar, strict=True)]
        error = stdev(behind) / math.sqrt(len(behind))
        scale = max(abs(fmean(bar)), stdev(bar))  # the mean alone would be no scale where it is near 0
        return fmean(behind) - ERRORS * error > self.slack * scale


def stages(groups: Sequence[str], order: Sequence[int] | None = None) -> list[list[int]]:
    """Positions of the instances, whose classes these are, stage by stage: as they come in `order`, or the classes in
    turn."""
    count = len(groups)
    first = max(LEAST, round(PROBE * count))
    order = representative(groups) if order is None else list(order)
    if count < 3 * first:
        return [order]
    second = max(first + 1, round(SECOND * count))
    return [order[:first], order[first:second], order[second:]]


def representative(groups: Sequence[str], gaps: Sequence[Sequence[float]] = ()) -> list[int]:
    """An order of the instances in which the classes come in turn, and the first few compare programs as all do.

    gaps: of known programs, each by position. What is to be preserved is how far any two of the better ones are apart,
    in standard deviations of their difference. Of the classes whose turn it is, the next instance is the one that
    leaves the sum of all deviations from these distances smallest (kernel herding; Chen, Welling and Smola, 2010).
    Without two programs to compare, an instance keeps its place in its class.
    """
    apart = _distances(gaps, len(groups))
    off = np.zeros(len(apart))
    left = list(range(len(groups)))
    turns = dict.fromkeys(groups, 0)
    order: list[int] = []
    while left:
        fewest = min(turns[groups[position]] for position in left)
        possible = [position for position in left if turns[groups[position]] == fewest]
        sums = np.square(off[:, None] + apart[:, possible]).sum(axis=0)
        chosen = possible[int(np.argmin(np.round(sums, 9)))]
        order.append(chosen)
        left.remove(chosen)
        turns[groups[chosen]] += 1
        off += apart[:, chosen]
    return order


def _distances(gaps: Sequence[Sequence[float]], count: int) -> npt.NDArray[np.float64]:
    """How far each two programs are apart on each instance, as a deviation from their mean distance: shape (pairs,
    count). Pairs whose distance is the same everywhere are left out."""
    rows = []
    better = sorted(np.asarray(gaps, dtype=float), key=lambda of_one: float(of_one.mean()))
    for one, other in combinations(better[: max(KNOWN, len(better) // 2 + 1)], 2):
        apart = one - other
        if (spread := float(apart.std())) > 0:
            rows.append((apart - apart.mean()) / spread)
    return np.asarray(rows).reshape(len(rows), count)
