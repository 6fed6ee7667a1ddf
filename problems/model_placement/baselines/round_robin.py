"""Round robin: the largest model first, the next GPU in turn; one without room is passed over."""


def solve(instance):
    gpus, memory, size = instance["gpus"], instance["memory"], instance["size"]
    used = [0] * gpus
    placement = [0] * len(size)
    turn = 0
    for j in sorted(range(len(size)), key=size.__getitem__, reverse=True):
        room = [g % gpus for g in range(turn, turn + gpus) if used[g % gpus] + size[j] < memory]
        g = room[0] if room else used.index(min(used))
        placement[j] = g
        used[g] += size[j]
        turn = g + 1
    return placement
