"""TOPO: swap where the gradient on the forbidden edge is steepest, among pairs with weak paths between them.

After Deng, Bello, Aragam and Ravikumar (ICML 2023), as recalled. For positions i < j, the gradient of the loss on the
edge from j to i is twice the covariance of x_j with the residual of i; cycles are judged by the weight of the paths
from i to j. Pairs with weak paths (up to 0.5) come first.
"""

import numpy as np


def decide(obs):
    L, tried = obs["L"], obs["tried"]
    d = len(L)
    weights = np.eye(d) - np.linalg.inv(L / np.diagonal(L))  # of column i in the regression of row j
    paths = np.linalg.inv(np.eye(d) - np.abs(weights))
    slope = np.abs(L * np.diagonal(L))
    later = np.tril(np.ones((d, d), dtype=bool), -1) & (tried == 0)
    value = np.where(later, slope - 10.0 * (paths > 0.5), -np.inf)
    j, i = divmod(int(value.argmax()), d)
    return [i, j] if later[j, i] else None
