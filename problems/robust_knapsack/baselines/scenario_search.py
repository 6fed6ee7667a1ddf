"""Local search against a growing set of adversaries, recourse by a coarse dynamic programme; stands in for Neur2RO."""

import numpy as np

CELLS, ROUNDS, LOOKS = 120, 6, 250


def solve(instance):
    C, Gamma = instance["C"], instance["Gamma"]
    pbar, phat, c, t, f = (np.array(instance[name], dtype=float) for name in ("pbar", "phat", "c", "t", "f"))
    n = len(c)
    light, heavy = (np.rint(w * CELLS / C).astype(int) for w in (c, c + t))
    rng = np.random.default_rng(n)

    def recourse(x, xi):
        """The value of the best recourse on a coarse grid of the capacity, and what is produced without repair."""
        items, best = np.flatnonzero(x), np.zeros(CELLS + 1)
        choice = np.zeros((len(items), CELLS + 1), dtype=int)
        for row, i in enumerate(items):
            after = best.copy()
            for size, value, option in ((light[i], f[i] - phat[i] * xi[i], 1), (heavy[i], f[i], 2)):
                if size <= CELLS:
                    made = best[: CELLS + 1 - size] + value
                    better = made > after[size:]
                    after[size:][better] = made[better]
                    choice[row, size:][better] = option
            best = after
        exposed, at = np.zeros(n), CELLS
        for row in reversed(range(len(items))):
            option = choice[row, at]
            exposed[items[row]] = option == 1
            at -= (0, light[items[row]], heavy[items[row]])[option]
        return best[-1] + (pbar - f)[items].sum(), exposed

    def attack(x):
        """The worst of a few adversaries, each of which answers all recourses so far."""
        answers, worst = np.zeros(n), (np.inf, None)
        for _ in range(ROUNDS):
            left, xi = Gamma, np.zeros(n)
            for i in np.argsort(-phat * (answers + 0.01) * x):
                xi[i] = min(1.0, left) * x[i]
                left -= xi[i]
            if worst[1] is not None:
                xi = (xi + worst[1]) / 2
            value, exposed = recourse(x, xi)
            answers = answers + exposed
            if value < worst[0]:
                worst = value, xi
        return worst

    x, room = np.zeros(n), float(C)
    for i in np.argsort(-(pbar - 0.25 * phat) / c):
        if c[i] <= room:
            x[i], room = 1, room - c[i]
    value, xi = attack(x)
    known = [xi]
    for _ in range(LOOKS):
        y = x.copy()
        i, j = rng.integers(n, size=2)
        y[i] = 1 - y[i]
        if rng.random() < 0.6 and y[j] != y[i]:
            y[j] = 1 - y[j]
        if all(recourse(y, xi)[0] > value for xi in known):
            new, xi = attack(y)
            known = [xi, *known][:6]
            if new > value:
                x, value = y, new
    return [int(v) for v in x]
