"""AugMDD: MDD that may send a scheduled job to the end after each decision (arXiv:2510.24013, 2025)."""

import numpy as np


def solve(instance):
    p, d = np.array(instance["p"]), np.array(instance["d"])
    waiting = list(range(len(p)))
    sequence = []
    t = 0
    while waiting:
        job = min(waiting, key=lambda j: max(t + p[j], d[j]))
        waiting.remove(job)
        sequence.append(job)
        t += p[job]
        improve(sequence, p, d)
    return [int(job) for job in sequence]


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
