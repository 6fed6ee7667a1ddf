def priority(p, d, t, P_rem, p_max):
    """Changes constants: 8.98 -> 8.17."""
    return (
        8.17 * max(p + t, d)
        + 0.0496 * p * p * p * p / max(p_max * p_max, 1)
        + p * p / max(d + P_rem, 1)
    )
