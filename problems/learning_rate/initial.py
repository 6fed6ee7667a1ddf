"""Constant, then a linear drop over the last fifth; a little higher where gradients were large."""


def solve(instance):
    T = instance["T"]
    norms = instance["grad_norms"]
    rates = []
    for t in range(T):
        z = t / T
        left = 1.0 - z
        g = norms[t]
        power = 1.0
        rate = (left / 0.2) ** power * (0.9 + 0.1 * g)
        rates.append(min(1.0, max(0.0, rate)))
    return rates
