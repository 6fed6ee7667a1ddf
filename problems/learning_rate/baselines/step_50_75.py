"""Step decay: a tenth after 50 % and again after 75 % (He et al., Deep Residual Learning, arXiv:1512.03385, 2015)."""


def solve(instance):
    T = instance["T"]
    return [0.1 ** ((2 * t >= T) + (4 * t >= 3 * T)) for t in range(T)]
