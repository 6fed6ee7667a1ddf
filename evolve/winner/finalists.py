"""Who may become champion. It depends on what the strategy was told, in which order, and on nothing else."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterator, Sequence

from evolve.records import Candidate
from evolve.syntax import shape

BEST = 10  # on train
ALIKE = 2  # of one shape among them: programs that differ in constants only
LEADERS = 3  # candidates that were among so many best when they were told; the search measured them on validation


def finalists(candidates: Sequence[Candidate], extra: Sequence[str] = ()) -> list[Candidate]:
    """The best on train, those that led while the search went on, and those whose ids a strategy names."""
    valid = [candidate for candidate in candidates if candidate.status == "valid" and candidate.train is not None]
    named = [candidate for candidate in valid if candidate.id in extra]
    found = [*_best(valid), *_leaders(valid), *named]
    return list({candidate.id: candidate for candidate in found}.values())


def _best(valid: Sequence[Candidate]) -> Iterator[Candidate]:
    shapes: Counter[str] = Counter()
    for candidate in sorted(valid, key=lambda one: (one.train or 0.0, one.number)):
        if shapes.total() >= BEST:
            return
        of = shape(candidate.source or "") or candidate.id
        if shapes[of] < ALIKE:
            shapes[of] += 1
            yield candidate


def _leaders(valid: Sequence[Candidate]) -> Iterator[Candidate]:
    best: list[float] = []
    for candidate in sorted(valid, key=lambda one: (one.told or 0, one.number)):
        gap = candidate.train or 0.0
        place = bisect.bisect_left(best, gap)
        if place < LEADERS:
            best.insert(place, gap)
            del best[LEADERS:]
            yield candidate
