"""Swap the untried neighbours whose residual variance falls most, relative to what they share."""


def decide(obs):
    L = obs["L"].tolist()
    tried = obs["tried"].tolist()
    d = len(L)
    reach = 1
    choice = None
    best = -1.0
    for i in range(d):
        for j in range(i + 1, min(d, i + 1 + reach)):
            a = L[i][i] ** 2
            b = L[j][i] ** 2
            c = L[j][j] ** 2
            value = (a - c) / (a + b + c)
            if tried[i][j] == 0 and value > best:
                best = value
                choice = [i, j]
    return choice
