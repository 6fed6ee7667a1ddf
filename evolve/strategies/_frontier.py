"""The frontier over instances: for each instance the programs that are best on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evolve.strategies._population import Rank


@dataclass
class Frontier:
    """Programs that are needed to have the best of every instance, with their gaps. One that is the best nowhere, or
    only together with others, is dominated and left out, the worst in the mean first; it could not come back, as the
    best of an instance only gets better."""

    gaps: dict[Rank, Sequence[float]] = field(default_factory=dict)
    _best: list[float] = field(default_factory=list)
    _winners: list[set[Rank]] = field(default_factory=list)

    def add(self, one: Rank, gaps: Sequence[float]) -> None:
        """Take a program in, if it is the best somewhere. One that was not measured on all instances is not."""
        gaps = [float(f"{gap:.9g}") for gap in gaps]  # rounded: what the last digits say is no difference
        if not self._best:
            self._best = [float("inf")] * len(gaps)
            self._winners = [set() for _ in gaps]
        if len(gaps) != len(self._best) or all(gap > best for gap, best in zip(gaps, self._best, strict=True)):
            return
        self.gaps[one] = gaps
        for place, gap in enumerate(gaps):
            if gap < self._best[place]:
                self._best[place], self._winners[place] = gap, {one}
            elif gap == self._best[place]:
                self._winners[place].add(one)
        self._prune()

    def wins(self) -> dict[Rank, int]:
        """On how many instances each program of the frontier is the best, best in the mean first."""
        return {one: sum(one in winners for winners in self._winners) for one in sorted(self.gaps)}

    def _prune(self) -> None:
        for one in sorted(self.gaps, reverse=True):
            if all(len(winners) > 1 for winners in self._winners if one in winners):
                del self.gaps[one]
                for winners in self._winners:
                    winners.discard(one)
