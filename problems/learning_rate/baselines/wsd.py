"""WSD (warm-up, stable, decay) without warm-up: constant, then linear over the last 20 % (Hu et al., 2404.06395)."""


def solve(instance):
    T = instance["T"]
    return [min(1.0, (1 - t / T) / 0.2) for t in range(T)]
