"""First fit of whole tensors, small ones first."""


def solve(instance):
    capacity = instance["capacity"]
    slow = instance["slow_bandwidth"]
    fast = instance["fast_bandwidth"]
    order = []
    for i in range(len(instance["size"])):
        size = instance["size"][i]
        uses = instance["uses"][i]
        temporary = instance["temporary"][i]
        n_uses = len(uses)
        transfers = 0 if temporary else 1
        saved = (n_uses - transfers) * size / slow - n_uses * size / fast
        key = size
        if saved > 0:
            order.append((key, i))
    order.sort()
    placed = []  # (offset, top, first step, last step), by offset
    answer = []
    for _, i in order:
        size = instance["size"][i]
        uses = instance["uses"][i]
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
