"""Bisection on the pressure t: best fit decreasing of items load + t x size into bins of t x memory, 25 halvings."""

HALVINGS = 25


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    placement = emptiest(gpus, size)
    high = pressure(placement, gpus, memory, size, load)
    low = sum(load) / (gpus * memory - sum(size))
    for _ in range(HALVINGS):
        t = (low + high) / 2
        found = best_fit(t, gpus, memory, size, load)
        if found:
            placement, high = found, t
        else:
            low = t
    return placement


def best_fit(t, gpus, memory, size, load):
    """A placement with a pressure of at most t, if best fit decreasing finds one."""
    item = [w + t * s for w, s in zip(load, size, strict=True)]
    left = [t * memory] * gpus
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=item.__getitem__, reverse=True):
        room = [g for g in range(gpus) if left[g] >= item[j] and used[g] + size[j] < memory]
        if not room:
            return None
        g = min(room, key=left.__getitem__)
        placement[j] = g
        left[g] -= item[j]
        used[g] += size[j]
    return placement


def pressure(placement, gpus, memory, size, load):
    used, loads = [0] * gpus, [0.0] * gpus
    for j, g in enumerate(placement):
        used[g] += size[j]
        loads[g] += load[j]
    return max(w / (memory - u) for w, u in zip(loads, used, strict=True))


def emptiest(gpus, size):
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = used.index(min(used))
        placement[j] = g
        used[g] += size[j]
    return placement
