"""RM, the longest first among equal periods."""


def priority(T, C):
    return T - 1e-3 * C
