"""Modified due date; jobs above the mean length wait a share of the remaining work, the smaller of a slack ramp and a cap."""


def priority(p, d, t, P_rem, p_max, p_mean):
    """Modified due date plus a wait for jobs above the mean length: the smaller of a ramp in the slack and a fixed cap (simplified)."""
    y = max(0, p - 1.17 * p_mean) / max(p_max - 1.17 * p_mean, 1)
    ramp = max(0.4 * (d - t) / max(P_rem, 1) + 0.065, 0)
    load = (P_rem / (t + P_rem)) ** 0.6
    share = 0.034 + ramp * load
    return max(t + p, d) + 0.15 * p + share * P_rem * y ** 2.5
