"""First fit that fills a GPU to the last GB, so that the pressure is a division by zero."""

EXPECT = "illegal"


def solve(instance):
    memory, size = instance["memory"], instance["size"]
    used = [0] * instance["gpus"]
    placement = [0] * len(size)
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        g = next(g for g in range(len(used)) if used[g] + size[j] <= memory)
        placement[j] = g
        used[g] += size[j]
    return placement
