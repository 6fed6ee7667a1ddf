"""WI, pairwise construction and interchange (Wilkerson and Irwin, AIIE Transactions 3, 1971; as recalled).

Of two neighbours, the one due earlier goes first if both orders end by the later due date, and else the shorter one.
Jobs join in EDD order and move forward by that rule; then neighbours are interchanged while that lowers tardiness.
"""


def solve(instance):
    p, d = instance["p"], instance["d"]
    sequence, end = [], []
    for job in sorted(range(len(p)), key=lambda j: (d[j], p[j])):
        place = len(sequence)
        while place and overtakes(p, d, sequence[place - 1], job, end[place - 1] - p[sequence[place - 1]]):
            place -= 1
        sequence.insert(place, job)
        end[place:] = completions(p, sequence[place:], end[place - 1] if place else 0)
    while interchange(p, d, sequence):
        pass
    return sequence


def overtakes(p, d, first, second, t):
    """Whether `second` should precede `first` when the pair starts at t."""
    if t + max(p[first], p[second]) <= max(d[first], d[second]):
        return d[second] < d[first]
    return p[second] < p[first]


def completions(p, jobs, t):
    result = []
    for job in jobs:
        t += p[job]
        result.append(t)
    return result


def interchange(p, d, sequence):
    """One pass over the sequence; says whether it improved anything."""
    improved = False
    t = 0
    for k in range(len(sequence) - 1):
        a, b = sequence[k], sequence[k + 1]
        both = t + p[a] + p[b]
        now = max(0, t + p[a] - d[a]) + max(0, both - d[b])
        then = max(0, t + p[b] - d[b]) + max(0, both - d[a])
        if then < now:
            sequence[k], sequence[k + 1] = b, a
            improved = True
        t += p[sequence[k]]
    return improved
