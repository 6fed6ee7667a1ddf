"""Accepts by profit per weight, until the weights fill the capacity."""


def solve(instance):
    pbar, c, room = instance["pbar"], instance["c"], instance["C"]
    x = [0] * len(c)
    for i in sorted(range(len(c)), key=lambda i: -pbar[i] / c[i]):
        if c[i] <= room:
            x[i] = 1
            room -= c[i]
    return x
