"""The least possible pressure of a fleet: an exact search for small ones, a proven lower bound for any.

The pressure of a GPU is K = load / (memory - size). K <= t is load + t size <= t memory: whether all GPUs stay at or
below t is bin packing, with items load + t size and bins of t memory. Loads are integers (in 1 / UNIT) and t is a
fraction, so everything here is exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from operator import itemgetter

from evaluators.gpus.fleets import UNIT, Fleet

STEPS = 30  # of the bisection for the bound: it ends within 2 ** -30 of where it can get


class TooManyNodes(Exception):
    """The exact search would take longer than it may."""


def pressure(fleet: Fleet, placement: Sequence[int]) -> Fraction:
    """The largest K of any GPU, in 1 / UNIT. Every GPU must keep some memory free."""
    load, size = [0] * fleet.gpus, [0] * fleet.gpus
    for gpu, amount, gigabytes in zip(placement, fleet.load, fleet.size, strict=True):
        load[gpu] += amount
        size[gpu] += gigabytes
    return max(Fraction(amount, fleet.memory - gigabytes) for amount, gigabytes in zip(load, size, strict=True))


def value(pressure: Fraction) -> float:
    """A pressure in the papers' unit, requests per second and second per GB."""
    return float(pressure / UNIT)


def pressure_bound(fleet: Fleet) -> Fraction:
    """A proven lower bound of the pressure, in 1 / UNIT.

    The pressure if load and memory could be spread evenly, that of each model alone, and the largest t, found by
    bisection, at which Martello and Toth's bound L2 (Discrete Applied Mathematics 28, 1990) asks for too many bins.
    """
    even = Fraction(sum(fleet.load), fleet.gpus * fleet.memory - sum(fleet.size))
    alone = max(Fraction(load, fleet.memory - size) for load, size in zip(fleet.load, fleet.size, strict=True))
    low = max(even, alone)
    high = 2 * low
    for _ in range(STEPS):
        middle = ((low + high) / 2).limit_denominator(10**9)
        if bins_needed(*_items(fleet, middle)) > fleet.gpus:
            low = max(low, middle)  # no placement has K <= middle
        else:
            high = middle
    return low


def least_pressure(fleet: Fleet, start: Sequence[int], nodes: int = 1_000_000) -> tuple[Fraction, list[int]]:
    """The least pressure, in 1 / UNIT, and a placement that has it. `start` is any placement, to begin from.

    Halves the interval between what is possible and what is proven impossible; when that is narrow, asks for anything
    better at all until there is nothing. Raises TooManyNodes where that takes too long.
    """
    best, placement = pressure(fleet, start), list(start)
    low = pressure_bound(fleet)
    if best == low:
        return best, placement
    while True:
        middle = (low + best) / 2
        narrow = best - low < best / 10**6
        found = _packing(fleet, best if narrow else middle, strict=narrow, nodes=nodes)
        if found is not None:
            best, placement = pressure(fleet, found), found
        elif narrow:
            return best, placement
        else:
            low = middle


def _items(fleet: Fleet, t: Fraction) -> tuple[list[int], int]:
    """Item sizes and bin size at t, both times the denominator of t."""
    return (
        [load * t.denominator + t.numerator * size for load, size in zip(fleet.load, fleet.size, strict=True)],
        t.numerator * fleet.memory,
    )


def bins_needed(items: Sequence[int], bin_size: int) -> int:
    """L2: for every alpha, how many bins the items of at least alpha need, as those larger than half of a bin never
    share one, and those larger than bin_size - alpha take one alone."""
    ordered = sorted(items)
    sums = [0, *accumulate(ordered)]
    half = bisect_right(ordered, bin_size // 2)
    best = 0
    for alpha in {0, *ordered[:half]}:
        first = bisect_left(ordered, alpha)
        alone = max(bisect_right(ordered, bin_size - alpha), half)
        large = alone - half
        spare = large * bin_size - (sums[alone] - sums[half])
        rest = sums[half] - sums[first] - spare
        best = max(best, len(ordered) - alone + large + max(0, -(-rest // bin_size)))
    return best


def _packing(fleet: Fleet, t: Fraction, strict: bool, nodes: int) -> list[int] | None:
    """A placement with K <= t (strict: K < t) on every GPU, or None if there is none.

    Bin completion (Korf, AAAI 2002, simplified): the largest item left goes into the next bin, with every set of others
    that leaves no more room than all bins together can spare, fullest first. Sets of items that could not be packed
    are remembered.
    """
    items, bin_size = _items(fleet, t)
    bin_size -= strict
    ranked = sorted(enumerate(items), key=itemgetter(1), reverse=True)
    sizes = [size for _, size in ranked]
    if sizes and sizes[0] > bin_size:
        return None
    placement = [0] * len(items)
    hopeless: set[tuple[int, int]] = set()
    budget = nodes

    def fill(left: int, bins: int, spare: int) -> bool:
        nonlocal budget
        if not left:
            return True
        if not bins or (left, bins) in hopeless:
            return False
        budget -= 1
        if budget < 0:
            raise TooManyNodes
        members = [i for i in range(len(sizes)) if left >> i & 1]
        first, others = members[0], members[1:]
        for chosen, room in sorted(_completions(others, sizes, bin_size - sizes[first], spare), key=itemgetter(1)):
            mask = 1 << first | chosen
            if fill(left & ~mask, bins - 1, spare - room):
                for i in members:
                    if mask >> i & 1:
                        placement[ranked[i][0]] = bins - 1
                return True
        hopeless.add((left, bins))
        return False

    spare = fleet.gpus * bin_size - sum(sizes)
    if spare < 0 or not fill((1 << len(sizes)) - 1, fleet.gpus, spare):
        return None
    return placement


def _completions(items: Sequence[int], sizes: Sequence[int], room: int, spare: int) -> Iterator[tuple[int, int]]:
    """Sets of items, as bits, that fit into `room` and leave at most `spare` of it, with what they leave."""
    rest = [*accumulate((sizes[i] for i in reversed(items)), initial=0)][::-1]  # sum of sizes from a position on

    def extend(position: int, chosen: int, room: int) -> Iterator[tuple[int, int]]:
        if room - rest[position] > spare:
            return
        if position == len(items):
            yield chosen, room
            return
        i = items[position]
        if sizes[i] <= room:
            yield from extend(position + 1, chosen | 1 << i, room - sizes[i])
        yield from extend(position + 1, chosen, room)

    return extend(0, 0, room)
