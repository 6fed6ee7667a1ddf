"""As PRISM's greedy, but on the GPU whose pressure with the model is least, and with larger models first.

LPT (Graham, SIAM Journal on Applied Mathematics 17, 1969) with the pressure in place of the load.
"""


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    used, loads = [0] * gpus, [0.0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        room = [g for g in range(gpus) if used[g] + size[j] < memory]
        if not room:
            return emptiest(gpus, size)
        g = min(room, key=lambda g: (loads[g] + load[j]) / (memory - used[g] - size[j]))
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
