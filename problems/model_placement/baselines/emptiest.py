"""Worst fit decreasing: the largest model first, on the GPU with the most memory free."""


def solve(instance):
    gpus, size = instance["gpus"], instance["size"]
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = used.index(min(used))
        placement[j] = g
        used[g] += size[j]
    return placement
