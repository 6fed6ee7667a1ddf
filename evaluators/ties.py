"""Which item a priority rule chooses."""

from __future__ import annotations

from collections.abc import Sequence


def smallest(priorities: list[float], order: Sequence[int]) -> int:
    """Position of the smallest priority; `order` (the true indices of the items) breaks ties."""
    low = min(priorities)
    if priorities.count(low) == 1:
        return priorities.index(low)
    return min((row for row, value in enumerate(priorities) if value == low), key=order.__getitem__)
