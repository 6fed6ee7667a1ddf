"""Linear warm-up over the first tenth, then linear decay (as in Goyal et al., arXiv:1706.02677, 2017)."""


def solve(instance):
    T = instance["T"]
    return [min((t + 1) / (0.1 * T), (T - t) / (0.9 * T), 1.0) for t in range(T)]
