"""Profit over the requirements at the shadow prices of the linear relaxation, largest first (Pirkul, NRL 34, 1987)."""


def priority(p, w_dual):
    return -p / (w_dual + 1e-9)
