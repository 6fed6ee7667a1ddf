"""Best fit by saved time, in outline as the XLA compiler does: whole lifetimes first, then parts between two uses.

Buffers by benefit, largest first; each goes into the smallest gap that holds it (memory space
assignment, the heuristic that Wang et al., arXiv:2305.07440, compare with).
"""


def solve(instance):
    capacity = instance["capacity"]
    slow, fast = instance["slow_bandwidth"], instance["fast_bandwidth"]
    buffers = []
    for i in range(len(instance["size"])):
        size, n_uses = instance["size"][i], len(instance["uses"][i])
        transfers = 0 if instance["temporary"][i] else 1
        saved = (n_uses - transfers) * size / slow - n_uses * size / fast
        if saved > 0:
            buffers.append((-saved, i))
    placed = []  # (offset, top, first step, last step), by offset
    answer = []
    for _, i in sorted(buffers):
        size, uses = instance["size"][i], instance["uses"][i]
        last = len(uses) - 1
        offset = best_fit(placed, capacity, size, uses[0], uses[last])
        if offset is not None:
            answer.append([i, 0, last, offset])
            continue
        a = 0
        while a < last:
            offset = best_fit(placed, capacity, size, uses[a], uses[a + 1])
            b = a + 1
            if offset is not None:
                while b < last and free(placed, offset, size, uses[b] + 1, uses[b + 1]):
                    place(placed, offset, size, uses[b] + 1, uses[b + 1])
                    b += 1
                if (b - a) / slow > (b - a + 1) / fast:
                    answer.append([i, a, b, offset])
                a = b + 1
            else:
                a += 1
    return answer


def best_fit(placed, capacity, size, first, last):
    """The offset of the smallest gap that is free from one step to another, taken; None if there is none."""
    best, at = None, 0
    for low, top, start, end in [*placed, (capacity, capacity, first, last)]:
        if start <= last and end >= first:
            if low - at >= size and (best is None or low - at < best[0]):
                best = (low - at, at)
            at = max(at, top)
    if best is None:
        return None
    place(placed, best[1], size, first, last)
    return best[1]


def free(placed, offset, size, first, last):
    """Whether nothing lies there from one step to another."""
    return not any(
        start <= last and end >= first and low < offset + size and offset < top for low, top, start, end in placed
    )


def place(placed, offset, size, first, last):
    """Note that a part of the memory is taken."""
    placed.append((offset, offset + size, first, last))
    placed.sort()
