"""Step by step: at a use, copy the tensor and keep it for the next, evicting what is needed last (Belady), or drop it.

The three actions of the game in Wang et al., arXiv:2305.07440 (copy, no copy, drop), chosen greedily.
"""


def solve(instance):
    capacity, sizes, uses = instance["capacity"], instance["size"], instance["uses"]
    steps = {}
    for i, when in enumerate(uses):
        for k, t in enumerate(when):
            steps.setdefault(t, []).append((i, k))
    resident = {}  # tensor: (offset, index of its first use there, index of its latest use)
    answer = []

    def drop(i):
        offset, a, k = resident.pop(i)
        if k > a:
            answer.append([i, a, k, offset])

    for t in sorted(steps):
        now = steps[t]
        for i, k in now:
            if i in resident:
                resident[i] = (*resident[i][:2], k)
        # soonest needed again first
        for i, k in sorted(now, key=lambda use: uses[use[0]][min(use[1] + 1, len(uses[use[0]]) - 1)]):
            if i in resident or k + 1 == len(uses[i]) or sizes[i] > capacity:
                continue
            offset = gap(resident, sizes, capacity, sizes[i])
            while offset is None:
                victims = [j for j, (_, _, seen) in resident.items() if uses[j][seen] != t]
                worst = max(victims, key=lambda j: uses[j][resident[j][2] + 1], default=None)
                if worst is None or uses[worst][resident[worst][2] + 1] <= uses[i][k + 1]:
                    break
                drop(worst)
                offset = gap(resident, sizes, capacity, sizes[i])
            if offset is not None:
                resident[i] = (offset, k, k)
        for i, k in now:
            if i in resident and k + 1 == len(uses[i]):
                drop(i)
    return answer


def gap(resident, sizes, capacity, size):
    """The lowest offset at which there is room; None if there is none."""
    at = 0
    for offset, i in sorted((offset, i) for i, (offset, _, _) in resident.items()):
        if offset - at >= size:
            return at
        at = offset + sizes[i]
    return at if at + size <= capacity else None
