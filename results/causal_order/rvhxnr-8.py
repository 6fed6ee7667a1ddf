"""Beam search and greedy orders, then exact moves of single nodes."""
import numpy as np

STATES = 1500    # sets kept, times the number of nodes
LEAST = 20       # sets kept at least
SPARE = 3.0      # candidates looked at for each set kept, before equal sets are merged
STARTS = 2       # greedy orders that are improved
started = []


def beam_order(S):
    """Orders are built from the front; of all orders of one set only the cheapest is kept."""
    d = len(S)
    width = max(int(LEAST), int(STATES / d))
    code = np.random.RandomState(1).rand(d)        # a set's code: the sum over its nodes
    C = np.zeros((1, d, d))                        # Cholesky rows: [set, step, node]
    v, cost = np.ones((1, d)), np.zeros(1)         # residual variances, loss so far
    free, seq = np.ones((1, d), bool), np.zeros((1, d), int)
    for t in range(d):
        score = np.where(free, cost[:, None] + v, np.inf).ravel()
        best = np.argsort(score)[:int((t + 2) * width * SPARE / 2)]
        best = best[np.isfinite(score[best])]
        key = ((~free @ code)[:, None] + code).ravel()[best]
        best = best[np.sort(np.unique(np.round(key, 9), return_index=True)[1])][:width]
        k, j = np.divmod(best, d)
        n = np.arange(len(k))
        vj = np.maximum(v[k, j], 1e-12)
        C = C[k]
        row = S[j] - np.matmul(C[n, :t, j][:, None, :], C[:, :t])[:, 0]
        row = row / np.sqrt(vj)[:, None]
        C[:, t] = row
        v, cost = v[k] - row * row, cost[k] + vj
        free, seq = free[k], seq[k]
        free[n, j], seq[:, t] = False, j
    return seq[int(np.argmin(cost))].tolist()


def greedy_orders(S):
    """From every first node: always the node with the least residual variance next; all starts at once, with losses."""
    d = len(S)
    n = np.arange(d)
    C, v, loss = np.zeros((d, d, d)), np.ones((d, d)), np.zeros(d)   # Cholesky rows [start, step, node]
    free, seq = np.ones((d, d), bool), np.zeros((d, d), int)
    for t in range(d):
        j = np.argmin(np.where(free, v, np.inf), axis=1) if t else n
        vj = np.maximum(v[n, j], 1e-12)
        row = S[j] - np.matmul(C[n, :t, j][:, None, :], C[:, :t])[:, 0]
        row = row / np.sqrt(vj)[:, None]
        C[:, t] = row
        v, loss = v - row * row, loss + vj
        free[n, j], seq[:, t] = False, j
    return [seq[k].tolist() for k in np.argsort(loss)]


def best_move(L, order):
    """The order after the move of one node that lowers the loss most, by closed formulas, and the fall."""
    d = len(L)
    Q, own = L * L, np.diag(L) ** 2
    low = np.tri(d, k=-1)
    tail = np.cumsum(Q[:, ::-1], axis=1)[:, ::-1]               # variance of j, given all before k
    left = low * (Q - own * Q / np.maximum(tail, 1e-12))        # node j goes to the left of k: [j, k]
    left = np.cumsum(left[:, ::-1], axis=1)[:, ::-1]
    inv = np.linalg.inv(L)
    p = 1 / np.maximum(np.cumsum(np.tril(inv) ** 2, axis=0), 1e-12)  # variance of i, given all others up to k: [k, i]
    before = np.vstack([p[:1], p[:-1]])
    right = low * own[:, None] * (before / p - 1)               # node i goes to the right of k: [k, i]
    right = np.cumsum(right, axis=0) + low * (p - own)
    change = np.where(low > 0, left, np.inf), np.where(low > 0, right, np.inf)
    moves = [(float(c.min()), np.unravel_index(int(np.argmin(c)), c.shape)) for c in change]
    side = 0 if moves[0][0] <= moves[1][0] else 1
    fall, (j, i) = moves[side]
    new = list(order)
    if side == 0:
        new.insert(i, new.pop(j))
    else:
        new.insert(j, new.pop(i))
    return new, fall


def improved(S, order):
    """Moves of single nodes until none lowers the loss; the loss and the order."""
    for _ in range(3 * len(S)):
        L = np.linalg.cholesky(S[np.ix_(order, order)])
        new, fall = best_move(L, order)
        if fall > -1e-9:
            break
        order = new
    return float((np.diag(L) ** 2).sum()), order


def decide(obs):
    """Propose the best of a beam search's order and a few greedy ones, each improved by exact moves of single nodes."""
    if started:
        return None
    started.append(1)
    S = obs["S"]
    orders = [beam_order(S)] + greedy_orders(S)[:int(STARTS)]
    return min(improved(S, o) for o in orders)[1]
