"""Ruin and recreate around the linear relaxation, many copies at once."""
import numpy as np

COPIES = 80      # solutions worked on at once
ROUNDS = 18      # ruins of each
PAIRS = 32       # items nearest to break-even that are swapped
BEST = 18        # solutions improved by swaps at the end
DROP = 5         # items dropped in the core, at most
CORE = 1.2       # core items, per (10 + m)
NOISE = 0.025     # of the logarithmic order in which items are taken again
HEAT = 0.003     # loss accepted, as a share of the profit, at the start
TURN = 9        # rounds after which the worse half starts again from the better half


def sets(items, p, R):
    """All sets of no, one or two items: the items, profits and requirements; -1 stands for none."""
    e = np.append(items, -1)
    i, j = np.triu_indices(len(e), 1)
    i, j = np.append(e[i], -1), np.append(e[j], -1)
    P, Q = np.append(p, 0.0), np.vstack([R, np.zeros(R.shape[1])])
    return np.stack([i, j], 1), P[i] + P[j], Q[i] + Q[j]


def swaps(x, p, R, b, core):
    """The best swap of up to two core items against up to two, again and again."""
    while True:
        left = b - R[x].sum(0)
        out, p_out, r_out = sets(core[x[core]], p, R)
        add, p_add, r_add = sets(core[~x[core]], p, R)
        a, c = np.nonzero(p_add[None, :] > p_out[:, None] + 1e-6)
        for i in np.argsort(left / b):
            fits = r_add[c, i] - r_out[a, i] <= left[i]
            a, c = a[fits], c[fits]
        if len(a) == 0:
            return x
        k = np.argmax(p_add[c] - p_out[a])
        x = x.copy()
        x[[j for j in out[a[k]] if j >= 0]] = False
        x[[j for j in add[c[k]] if j >= 0]] = True


def refill(X, left, order, R):
    """Every copy takes the items of its own order, as far as they fit."""
    k = np.arange(len(X))
    for j in order.T:
        need = R[j]
        ok = (need <= left).all(1) & ~X[k, j]
        X[k, j] |= ok
        left -= need * ok[:, None]


def solve(instance):
    """Drop random items near the break-even price, fill up in a noisy order by price, keep what is not much worse."""
    p = np.array(instance["p"], float)
    R = np.array(instance["r"], float).T
    b = np.array(instance["b"], float)
    y = np.maximum(np.array(instance["prices"], float), 0.0)
    n, m = R.shape
    rng = np.random.RandomState(1)
    w = R @ y + 1e-6 * R.sum(1) + 1e-9
    rank = np.log(np.maximum(p, 1e-9) / w)
    K = int(COPIES)
    copies = np.arange(K)
    noise = NOISE * np.linspace(0, 2, K)[:, None]
    X, left = np.zeros((K, n), bool), np.tile(b, (K, 1))
    refill(X, left, np.argsort(noise * rng.randn(K, n) - rank, axis=1), R)
    value = X @ p
    best, answer = -1.0, None
    core = np.argsort(abs(p - w))[:int(CORE * (10 + m))]
    for t in range(int(ROUNDS)):
        Y, free = X.copy(), left.copy()
        inside = Y[:, core]
        out = core[np.argsort(rng.rand(K, len(core)) - inside, axis=1)[:, :int(DROP)]]
        many = rng.randint(1, int(DROP) + 1, size=K)
        for q in range(int(DROP)):
            j = out[:, q]
            go = Y[copies, j] & (q < many)
            Y[copies, j] &= ~go
            free += R[j] * go[:, None]
        key = noise * rng.randn(K, len(core)) - rank[core] + 1e3 * Y[:, core]
        most = int((~Y[:, core]).sum(1).max())
        refill(Y, free, core[np.argsort(key, axis=1)[:, :most]], R)
        new = Y @ p
        ok = new >= value * (1 - HEAT * (1 - t / ROUNDS) * rng.rand(K))
        X[ok], left[ok], value[ok] = Y[ok], free[ok], new[ok]
        if value.max() > best:
            best, answer = value.max(), X[value.argmax()].copy()
        if TURN and t % TURN == TURN - 1:
            s = np.argsort(-value)
            h = K // 2
            for A in (X, left, value):
                A[s[K - h:]] = A[s[:h]]
    near = np.argsort(abs(p - w))[:int(PAIRS)]
    tops = np.unique(np.vstack([X, answer[None]]), axis=0)
    tops = tops[np.argsort(-(tops @ p))[:int(BEST)]]
    answer = max((swaps(x, p, R, b, near) for x in tops), key=lambda x: float(x @ p))
    return [int(j) for j in np.flatnonzero(answer)]
