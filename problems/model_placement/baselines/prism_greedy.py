"""PRISM's greedy: highest rate / slo first, on the GPU with the least pressure so far (arXiv:2505.04021, algorithm 1).

Where a model fits nowhere, which the paper leaves open, all are placed by worst fit decreasing instead.
"""


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    used, loads = [0] * gpus, [0.0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=load.__getitem__, reverse=True):
        room = [g for g in range(gpus) if used[g] + size[j] < memory]
        if not room:
            return emptiest(gpus, size)
        g = min(room, key=lambda g: loads[g] / (memory - used[g]))
        placement[j] = g
        used[g] += size[j]
        loads[g] += load[j]
    return placement


def emptiest(gpus, size):
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = used.index(min(used))
        placement[j] = g
        used[g] += size[j]
    return placement
