"""Step decay: a tenth after 30 %, 60 % and 90 % (Goyal et al., arXiv:1706.02677, 2017)."""


def solve(instance):
    T = instance["T"]
    return [0.1 ** ((10 * t >= 3 * T) + (10 * t >= 6 * T) + (10 * t >= 9 * T)) for t in range(T)]
