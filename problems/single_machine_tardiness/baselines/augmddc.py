"""AugMDDC: MDDC that may send a scheduled job to the end after each decision (arXiv:2510.24013, 2025)."""

import numpy as np


def solve(instance):
    p, d = np.array(instance["p"]), np.array(instance["d"])
    waiting = np.lexsort((p, d))  # equal values: the earlier due date first, then the shorter job
    sequence = []
    t = 0
    while len(waiting):
        place = mddc(p[waiting], d[waiting], t).argmin()
        sequence.append(int(waiting[place]))
        t += p[waiting[place]]
        waiting = np.delete(waiting, place)
        improve(sequence, p, d)
    return sequence


def mddc(p, d, t):
    share = np.minimum(p / (t + p.max()), 1)
    return np.maximum(t + 1.1 * p, d) * (1 + share**2 / (1 + share**2)) + p / (t + p.mean())


def improve(sequence, p, d):
    """Move the one job to the end that lowers the total tardiness of the partial sequence most, if any does."""
    p, d = p[sequence], d[sequence]
    end = p.cumsum()
    tardiness = np.maximum(0, end - d)
    saved = np.triu(np.minimum.outer(p, tardiness), 1).sum(axis=1)  # by the jobs behind, which start p earlier
    gain = saved - (np.maximum(0, end[-1] - d) - tardiness)
    best = int(gain.argmax())
    if gain[best] > 0:
        sequence.append(sequence.pop(best))
