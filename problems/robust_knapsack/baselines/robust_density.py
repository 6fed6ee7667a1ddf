"""Accepts by profit less half the degradation, per weight, until the weights fill 1.2 times the capacity."""


def solve(instance):
    pbar, phat, c, room = instance["pbar"], instance["phat"], instance["c"], 1.2 * instance["C"]
    x = [0] * len(c)
    for i in sorted(range(len(c)), key=lambda i: -(pbar[i] - 0.5 * phat[i]) / c[i]):
        if c[i] <= room:
            x[i] = 1
            room -= c[i]
    return x
