"""LPT on load + t x size, t the pressure if all were spread evenly: the largest first, on the GPU with the least sum.

At a pressure of t a GB is worth a load of t, so this balances what is scarce at the optimum.
"""


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    even = sum(load) / (gpus * memory - sum(size))
    weight = [w + even * s for w, s in zip(load, size, strict=True)]
    used, weights = [0] * gpus, [0.0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=weight.__getitem__, reverse=True):
        room = [g for g in range(gpus) if used[g] + size[j] < memory]
        if not room:
            return emptiest(gpus, size)
        g = min(room, key=weights.__getitem__)
        placement[j] = g
        used[g] += size[j]
        weights[g] += weight[j]
    return placement


def emptiest(gpus, size):
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = used.index(min(used))
        placement[j] = g
        used[g] += size[j]
    return placement
