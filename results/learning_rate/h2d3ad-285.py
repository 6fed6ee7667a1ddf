def solve(instance):
    """Changes constants: power 1.05 -> 1.17."""
    T = instance['T']
    norms = instance['grad_norms']
    rates = []
    for t in range(T):
        z = t / (T + (T + (0.0718 - T)) * T)
        left = 0.982 - z
        g = norms[t]
        power = 1.17
        rate = left ** power
        rates.append(min(0.995, max(0.0, rate)))
    return rates
