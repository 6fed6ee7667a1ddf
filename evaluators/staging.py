"""An evaluation in stages: a probe, some more instances, the rest; between two of them it may stop.

It stops where the program did on the probe what a known one does, and where it has lost the race: a paired test says
that it cannot come near its best parent. Racing over instance blocks is from Maron and Moore (1994) and F-Race
(Birattari et al., 2002); instances come in an order that is common to all programs and mixes the classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

Stopped = Literal["repeats", "outraced"]
PROBE, SECOND = 1 / 6, 1 / 2  # of the instances: after the first stage, and after the second
LEAST = 4  # instances of a probe; with fewer than three times as many in all there is one stage
ERRORS = 3.0  # standard errors that the difference to the parent must lie beyond the slack
DIGEST = 12  # bytes


@dataclass(frozen=True)
class Gate:
    """When to stop. known: digests of what known programs did on the probe, one after the other. bar: the gaps of the
    best parent by position, None for no race. slack: how much worse than the bar a program may be, as a share of it (or
    of its spread over the instances, if that is more)."""

    known: bytes = b""
    bar: Sequence[float] | None = None
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


def stages(groups: Sequence[str]) -> list[list[int]]:
    """Positions of the instances, whose classes these are, stage by stage; each stage has all classes, as far as it
    can."""
    count = len(groups)
    first = max(LEAST, round(PROBE * count))
    order = _mixed(groups)
    if count < 3 * first:
        return [order]
    second = max(first + 1, round(SECOND * count))
    return [order[:first], order[first:second], order[second:]]


def _mixed(groups: Sequence[str]) -> list[int]:
    """The classes in turn; of each class its instances in their order."""
    turns: dict[str, int] = {}
    keys = []
    for position, group in enumerate(groups):
        keys.append((turns.setdefault(group, 0), position))
        turns[group] += 1
    return [position for _, position in sorted(keys)]
