"""LPT on load + t x size, then up to 400 moves or swaps that relieve the GPU with the highest pressure most."""

STEPS = 400


def solve(instance):
    gpus, memory = instance["gpus"], instance["memory"]
    size, rate, slo = instance["size"], instance["rate"], instance["slo"]
    load = [r / s for r, s in zip(rate, slo, strict=True)]
    placement = start(gpus, memory, size, load)
    on = [[j for j in range(len(size)) if placement[j] == g] for g in range(gpus)]
    used = [sum(size[j] for j in members) for members in on]
    loads = [sum(load[j] for j in members) for members in on]
    for _ in range(STEPS):
        top = max(range(gpus), key=lambda g: loads[g] / (memory - used[g]))
        change = relieve(top, on, used, loads, memory, size, load)
        if change is None:
            break
        away, g, back = change
        for j, here, there in ((away, top, g), (back, g, top)):
            if j is not None:
                on[here].remove(j)
                on[there].append(j)
                used[here] -= size[j]
                used[there] += size[j]
                loads[here] -= load[j]
                loads[there] += load[j]
    for g in range(gpus):
        for j in on[g]:
            placement[j] = g
    return placement


def relieve(top, on, used, loads, memory, size, load):
    """(model, GPU, model or None in exchange) that makes the higher of both pressures least, if lower than now."""
    best = None
    least = loads[top] / (memory - used[top]) * (1 - 1e-9)
    for away in on[top]:
        for g in range(len(on)):
            if g == top:
                continue
            for back in [None, *on[g]]:
                s = size[away] - (0 if back is None else size[back])
                w = load[away] - (0.0 if back is None else load[back])
                free, other = memory - used[top] + s, memory - used[g] - s
                if free > 0 and other > 0:
                    worse = max((loads[top] - w) / free, (loads[g] + w) / other)
                    if worse < least:
                        best, least = (away, g, back), worse
    return best


def start(gpus, memory, size, load):
    even = sum(load) / (gpus * memory - sum(size))
    weight = [w + even * s for w, s in zip(load, size, strict=True)]
    for order in (weight, size):
        used, weights = [0] * gpus, [0.0] * gpus
        placement = [0] * len(size)
        for j in sorted(range(len(size)), key=order.__getitem__, reverse=True):
            room = [g for g in range(gpus) if used[g] + size[j] < memory]
            if not room:
                break
            g = min(room, key=weights.__getitem__ if order is weight else used.__getitem__)
            placement[j] = g
            used[g] += size[j]
            weights[g] += weight[j]
        else:
            break
    return placement
