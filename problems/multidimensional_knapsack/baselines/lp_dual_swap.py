"""The shadow price order, then exchanges of one item for one other, and refilling, as long as the profit grows."""

import numpy as np


def solve(instance):
    p, r, b = np.array(instance["p"]), np.array(instance["r"]), np.array(instance["b"])
    order = np.argsort(-p / (np.array(instance["prices"]) @ r + 1e-9), kind="stable")
    inside = np.zeros(len(p), dtype=bool)
    left = b.copy()

    def fill(left):
        for j in order:
            if not inside[j] and (r[:, j] <= left).all():
                inside[j] = True
                left = left - r[:, j]
        return left

    left = fill(left)
    while True:
        best, pair = 0, None
        outside = np.flatnonzero(~inside)
        for out in np.flatnonzero(inside):
            room = left + r[:, out]
            gain = np.where((r[:, outside] <= room[:, None]).all(axis=0), p[outside] - p[out], 0)
            if len(gain) and gain.max() > best:
                best, pair = gain.max(), (out, outside[gain.argmax()])
        if pair is None:
            return np.flatnonzero(inside).tolist()
        inside[pair[0]], inside[pair[1]] = False, True
        left = fill(left + r[:, pair[0]] - r[:, pair[1]])
