"""NBR, net benefit of relocation (Holsenback and Russell, Journal of the Operational Research Society 43, 1992).

As recalled. From the EDD order, go back from the last tardy job: of the longer jobs before it, relocate behind it the
one that lowers total tardiness most; if none does, go on to the tardy job before.
"""

import numpy as np


def solve(instance):
    p, d = np.array(instance["p"]), np.array(instance["d"])
    sequence = np.lexsort((p, d))
    k = len(sequence) - 1
    while k > 0:
        tardiness = np.maximum(0, p[sequence].cumsum() - d[sequence])
        if tardiness[k] == 0:
            k -= 1
            continue
        gain = net_benefits(p[sequence[: k + 1]], d[sequence[: k + 1]])
        best = int(gain.argmax())
        if gain[best] > 0:
            sequence[best : k + 1] = np.roll(sequence[best : k + 1], -1)
        else:
            k -= 1
    return sequence.tolist()


def net_benefits(p, d):
    """What relocating each job behind the last one saves; never for one that is not longer than the last."""
    end = p.cumsum()
    tardiness = np.maximum(0, end - d)
    saved = np.triu(np.minimum.outer(p, tardiness), 1).sum(axis=1)
    gain = saved - (np.maximum(0, end[-1] - d) - tardiness)
    return np.where(p > p[-1], gain, 0)
