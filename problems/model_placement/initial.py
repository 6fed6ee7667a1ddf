"""Larger models first, each on the GPU with the least pressure, half of the model counted in, on which it fits."""


def first(gigabytes, weight):
    """The model with the largest value is placed first; weight = rate / slo."""
    return gigabytes + 1.0 * weight


def pressure(gigabytes, weight, free, busy):
    """The model goes on the GPU with the smallest value; busy is the sum of the weights that are on it already."""
    return (busy + 0.5 * weight) / (free - 0.5 * gigabytes)


def solve(instance):
    models = []
    for j, (gigabytes, rate, slo) in enumerate(zip(instance["size"], instance["rate"], instance["slo"], strict=True)):
        weight = rate / slo
        models.append((first(gigabytes, weight), j, gigabytes, weight))
    free = [instance["memory"] for _ in range(instance["gpus"])]
    busy = [0.0 for _ in free]
    placement = [None for _ in models]
    for _, j, gigabytes, weight in sorted(models, reverse=True):
        room = [g for g, left in enumerate(free) if gigabytes < left]
        if not room:
            return emptiest(instance)
        best = min(room, key=lambda g: pressure(gigabytes, weight, free[g], busy[g]))
        placement[j] = best
        free[best] -= gigabytes
        busy[best] += weight
    return placement


def emptiest(instance):
    """A legal placement for when the other one gets stuck: largest first, on the GPU with the most memory free."""
    free = [instance["memory"] for _ in range(instance["gpus"])]
    placement = [None for _ in instance["size"]]
    for gigabytes, j in sorted(((size, j) for j, size in enumerate(instance["size"])), reverse=True):
        best = free.index(max(free))
        placement[j] = best
        free[best] -= gigabytes
    return placement
