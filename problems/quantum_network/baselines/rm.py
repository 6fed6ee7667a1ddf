"""RM, rate monotonic: shortest period first (Liu and Layland, J. of the ACM 20, 1973)."""


def priority(T):
    return T
