"""How a program came about: its line of descent, and who had a hand in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from evolve.records import Candidate

LONGEST = 1000


@dataclass(frozen=True)
class Ancestor:
    """One program of a line of descent: the operator that made it, who wrote it, and its mean gap on train."""

    candidate: str
    operator: str
    by: str
    train: float | None
    parents: tuple[str, ...]


def ancestry(candidate: Candidate, find: Callable[[str], Candidate]) -> list[Ancestor]:
    """A candidate and its ancestors by the parent that each was made of (the last one named), the oldest first.

    find: a candidate by its id, such as `Archive.candidate`.
    """
    line: list[Ancestor] = []
    at: Candidate | None = candidate
    while at is not None and len(line) < LONGEST:
        line.append(Ancestor(at.id, at.operator, at.model or at.proposer, at.train, at.parents))
        at = find(at.parents[-1]) if at.parents else None
    return line[::-1]


def writers(candidate: Candidate, find: Callable[[str], Candidate]) -> list[str]:
    """Who wrote a candidate or any program that it descends from, by any parent: each once, its own first."""
    found: dict[str, None] = {}
    seen = {candidate.id}
    waiting = deque([candidate])
    while waiting:
        at = waiting.popleft()
        found[at.model or at.proposer] = None
        fresh = [parent for parent in at.parents if parent not in seen]
        seen.update(fresh)
        waiting.extend(find(parent) for parent in fresh)
    return list(found)
