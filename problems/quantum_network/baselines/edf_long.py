"""EDF, the longest first among equal deadlines."""


def priority(deadline, C):
    return deadline - 1e-3 * C
