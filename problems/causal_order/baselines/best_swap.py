"""Swap the pair that gains most among those at most 10 positions apart, each costed exactly: steepest descent."""

import numpy as np


def decide(obs):
    L = obs["L"]
    d = len(L)
    choice, best = None, 1e-9
    for apart in range(1, min(11, d)):
        rows = np.arange(d - apart)[:, None] + np.arange(apart + 1)
        block = L[rows[:, :, None], rows[:, None, :]]  # of the nodes from i to j; given those before, they have
        given = block @ block.swapaxes(1, 2)  # this covariance
        swapped = np.arange(apart + 1)
        swapped[0], swapped[-1] = apart, 0
        factors = np.linalg.cholesky(given[:, swapped[:, None], swapped])
        after = np.square(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        gains = np.square(np.diagonal(block, axis1=1, axis2=2)).sum(axis=1) - after
        i = int(gains.argmax())
        if gains[i] > best:
            choice, best = [i, i + apart], gains[i]
    return choice
