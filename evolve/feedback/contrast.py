"""The examples beside the parents: early in a run those whose scores differ most, later nearer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXAMPLES = 2


@dataclass(frozen=True)
class Known:
    """A valid candidate that was told: its gap, and its shape (what it is without its constants)."""

    id: str
    gap: float
    shape: str


def examples(told: Sequence[Known], parents: Sequence[str], named: Sequence[str], progress: float) -> tuple[str, ...]:
    """Up to two candidates, worse one first: those that the strategy named, and else from all that were told a better
    one and one that is clearly worse at first, and nearer the further the run is. No two of one shape, and none of a
    parent's."""
    by_id = {one.id: one for one in told}
    taken = {by_id[one].shape for one in parents if one in by_id}
    chosen: list[Known] = []
    for one in _spread([by_id[identifier] for identifier in named if identifier in by_id], taken, progress):
        chosen.append(one)
        taken.add(one.shape)
    while len(chosen) < EXAMPLES:
        left = _distinct(told, taken)
        if not left:
            break
        best_shown = bool(chosen) and chosen[0].gap <= left[0].gap
        pick = left[_place(len(left), progress)] if best_shown else left[0]
        chosen.append(pick)
        taken.add(pick.shape)
    return tuple(one.id for one in sorted(chosen, key=lambda one: (-one.gap, one.id)))


def _spread(named: Sequence[Known], taken: set[str], progress: float) -> list[Known]:
    """Of more than two named ones the best, and one as far from it as the progress asks."""
    left = _distinct(named, taken)
    if len(left) <= EXAMPLES:
        return left
    return [left[0], left[1 + _place(len(left) - 1, progress)]]


def _distinct(pool: Sequence[Known], taken: set[str]) -> list[Known]:
    """The best of each shape that is not taken, best first."""
    found: dict[str, Known] = {}
    for one in sorted(pool, key=lambda one: (one.gap, one.id)):
        if one.shape not in taken:
            found.setdefault(one.shape, one)
    return list(found.values())


def _place(count: int, progress: float) -> int:
    """The last of `count` ranks at the start of a run, the first at its end."""
    return round((count - 1) * (1 - min(max(progress, 0.0), 1.0)))
