"""EDDC, the constructive rule between SPT and EDD that a language model found (arXiv:2510.24013, 2025).

As in the authors' released program; the algorithm as printed never leaves EDD. It is an insertion sort from SPT towards
EDD, in which a job is overtaken by one that is due earlier only while it would still be early itself.
"""


def solve(instance):
    p, d = instance["p"], instance["d"]
    sequence = sorted(range(len(p)), key=lambda j: (p[j], d[j]))
    for i in range(1, len(sequence)):
        j = i
        end = sum(p[k] for k in sequence[:i])  # completion time of the job before position j
        while j > 0 and d[sequence[j]] < d[sequence[j - 1]]:
            before = sequence[j - 1]
            if d[before] > end:
                sequence[j - 1], sequence[j] = sequence[j], before
                before = sequence[j - 1]
                end -= p[sequence[j]]
            else:
                end -= p[before]
            j -= 1
    return sequence
