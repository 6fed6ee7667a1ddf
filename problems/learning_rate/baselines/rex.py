"""REX, reflected exponential: slow decay first, fast decay last (Chen et al., arXiv:2107.04197, 2021)."""


def solve(instance):
    T = instance["T"]
    return [(1 - t / T) / (0.5 + 0.5 * (1 - t / T)) for t in range(T)]
