"""First fit decreasing: the largest model first, on the first GPU with room (Johnson, PhD thesis, MIT, 1973)."""


def solve(instance):
    gpus, memory, size = instance["gpus"], instance["memory"], instance["size"]
    used = [0] * gpus
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = next(g for g in range(gpus) if used[g] + size[j] < memory)
        placement[j] = g
        used[g] += size[j]
    return placement
