"""Who writes the next candidate: the run's proposer, or the mutator beside it, which costs no call.

While a model thinks, evaluators would idle. For every candidate of the model the mutator makes some of its own from
the same programs: small changes and other constants, so that the model's calls are left for ideas.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

BACKLOG = 2  # times `share`: mutations that slow evaluations have left over are dropped beyond that


@dataclass
class Lanes:
    """main: the run's proposer, with `parallel` lives at a time. beside: the mutator, if it works beside it, with
    `width` lives at a time and `share` candidates for each of the main one's. What is free depends on nothing but
    what was asked and told, in that order."""

    main: str
    parallel: int
    beside: str | None = None
    width: int = 0
    share: int = 0
    _flying: Counter[str] = field(default_factory=Counter)
    _due: int = 0

    def free(self) -> bool:
        """Whether the main proposer has room for another life."""
        return self._flying[self.main] < self.parallel

    def due(self) -> bool:
        """Whether the mutator should write one, and has room."""
        return self.beside is not None and self._due > 0 and self._flying[self.beside] < self.width

    def asked(self, proposer: str) -> None:
        """A candidate was asked for."""
        self._flying[proposer] += 1
        if proposer == self.main:
            self._due = min(self._due + self.share, BACKLOG * self.share)
        else:
            self._due -= 1

    def told(self, proposer: str) -> None:
        """A candidate's life is over."""
        self._flying[proposer] -= 1
