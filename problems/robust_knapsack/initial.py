"""Accepts items by profit less expected losses, per weight, until the weights fill a little more than the capacity."""


def solve(instance):
    C, Gamma, n = instance["C"], instance["Gamma"], len(instance["c"])
    scores = []
    for i in range(n):
        profit, lost, weight = instance["pbar"][i], instance["phat"][i], instance["c"][i]
        repair, penalty = instance["t"][i], instance["f"][i]
        value = profit - 0.5 * lost - 0.1 * (penalty - profit)
        scores.append(value / (weight + 0.1 * repair))
    x = [0] * n
    used = 0
    room = C * (1 + Gamma / n)
    for i in sorted(range(n), key=lambda i: -scores[i]):
        if used + instance["c"][i] <= room:
            x[i] = 1
            used = used + instance["c"][i]
    return x
