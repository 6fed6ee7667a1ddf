"""First fit of whole tensors: early and small ones with short lives, many uses and much to save before the others."""


def rank(size, n_uses, first, last, lifetime, saved):
    """Smallest first; size in MB, saved time in microseconds, the others in steps."""
    return first + 0.5 * lifetime - 2.0 * n_uses - 0.05 * saved + 0.1 * size


def solve(instance):
    capacity = instance["capacity"]
    slow = instance["slow_bandwidth"]
    fast = instance["fast_bandwidth"]
    order = []
    for i, (size, uses) in enumerate(zip(instance["size"], instance["uses"], strict=True)):
        n_uses, first, last = len(uses), uses[0], uses[-1]
        transfers = 0 if instance["temporary"][i] else 1
        saved = (n_uses - transfers) * size / slow - n_uses * size / fast
        if saved > 0:
            order.append((rank(size / 1e6, n_uses, first, last, last - first + 1, saved), i))
    placed = []  # (offset, top, first step, last step), by offset
    answer = []
    for _, i in sorted(order):
        size, uses = instance["size"][i], instance["uses"][i]
        first, last = uses[0], uses[-1]
        offset = 0
        for low, top, start, end in placed:
            if start <= last and end >= first:
                if low - offset >= size:
                    break
                offset = max(offset, top)
        if offset + size <= capacity:
            placed.append((offset, offset + size, first, last))
            placed.sort()
            answer.append([i, 0, len(uses) - 1, offset])
    return answer
