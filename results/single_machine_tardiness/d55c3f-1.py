def priority(p, d, t, P_rem, p_max, p_mean, n_rem):
    """MDD plus a convex penalty on long jobs, whose size grows the nearer the due date is relative to the remaining work."""
    x = max(0.0, d - t) / max(P_rem, 1e-9)          # 0: due now, 1: due when everything is done
    near = max(0.0, 1.56 - 1.7 * x)
    long = p * (0.4 * p / max(p_mean, 1e-9) - 0.156)
    return max(t + 0.898 * p, d) + long * near
