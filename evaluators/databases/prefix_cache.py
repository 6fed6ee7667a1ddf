"""How much of a sequence of prompts a prefix cache holds already: characters that begin an earlier prompt, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

TERMINATOR = "\n"  # ends every cell in a prompt, and is in none


def common_prefix(a: str, b: str) -> int:
    """Number of characters that two strings have in common from their beginning."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def hits_of_previous(prompts: Sequence[str]) -> list[int]:
    """Common prefix of each prompt with the one before it; 0 for the first."""
    return [0, *(common_prefix(a, b) for a, b in pairwise(prompts))]


def hits_of_any(prompts: Sequence[str]) -> list[int]:
    """Longest common prefix of each prompt with any earlier one; 0 for the first.

    The earlier prompt that shares most is a neighbour in sorted order, once later prompts are taken out of it: so the
    prompts are taken out of a linked list of the sorted ones, the last first.
    """
    n = len(prompts)
    order = sorted(range(n), key=prompts.__getitem__)
    before, after = [-1] * n, [-1] * n
    for a, b in pairwise(order):
        after[a], before[b] = b, a
    hits = [0] * n
    for row in range(n - 1, 0, -1):
        a, b = before[row], after[row]
        hits[row] = max(common_prefix(prompts[row], prompts[other]) for other in (a, b) if other >= 0)
        if a >= 0:
            after[a] = b
        if b >= 0:
            before[b] = a
    return hits


def most_hits(columns: Sequence[Sequence[str]]) -> int:
    """A bound on the sum of hits over all orders of the rows and of each row's cells, whichever prompts are cached.

    Each prompt but the first hits one earlier prompt, so the pairs form a spanning tree, and the sum of hits is at most
    the weight of a maximum one (Prim). Cells end with a character that they hold nowhere else, so two prompts share
    whole cells, then at most the beginning of one cell each that is not the same. A pair therefore weighs the length of
    the cells that both have, and at most the smaller of what each could share of one more cell with any other in the
    table.
    """
    n = len(columns[0])
    cells = [Counter(column[row] + TERMINATOR for column in columns) for row in range(n)]
    longest = _longest_shared({cell for row in cells for cell in row})
    partial = np.array([max(longest[cell] for cell in row) for row in cells])
    holders: dict[str, list[tuple[int, int]]] = {}
    for row, counted in enumerate(cells):
        for cell, count in counted.items():
            holders.setdefault(cell, []).append((row, count))
    shared = {cell: np.array(held).T for cell, held in holders.items() if len(held) > 1}
    best = np.full(n, -1)
    outside = np.ones(n, bool)
    total = row = 0
    for _ in range(n - 1):
        outside[row] = False
        weight = np.minimum(partial, partial[row])
        for cell, count in cells[row].items():
            if cell in shared:
                rows, counts = shared[cell]
                weight[rows] += len(cell) * np.minimum(counts, count)
        best = np.maximum(best, weight)
        row = int(np.where(outside, best, -1).argmax())
        total += int(best[row])
    return total


def _longest_shared(cells: set[str]) -> dict[str, int]:
    """For each cell the longest prefix that it shares with another one."""
    order = sorted(cells)
    prefixes = [0, *(common_prefix(a, b) for a, b in pairwise(order)), 0]
    return {cell: max(prefixes[place], prefixes[place + 1]) for place, cell in enumerate(order)}
