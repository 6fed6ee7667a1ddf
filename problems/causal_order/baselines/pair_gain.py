"""Swap the pair that would gain most if they were neighbours: exact for neighbours, a guess for others."""


def decide(obs):
    L = obs["L"].tolist()
    tried = obs["tried"].tolist()
    d = len(L)
    choice, best = None, 1e-9
    for j in range(d):
        left = L[j][j] ** 2
        for i in range(j - 1, -1, -1):
            a, b = L[i][i] ** 2, L[j][i] ** 2
            gain = b * (a - b - left) / (b + left)
            left += b
            if not tried[i][j] and gain > best:
                choice, best = [i, j], gain
    return choice
