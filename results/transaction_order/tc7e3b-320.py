def priority(end, reads, hottest, delayed, delay, delay_max, exposure, n_rem, n):
    """Adds 0.081 * reads."""
    return (
        max(0.0715 * n * delay_max, 0.125 * n_rem) / max(hottest, 1)
        + 0.409 * min(n - n_rem, delayed)
        + 0.081 * reads
        + 0.0308 * (delay + end / max(0.0713 * n * delay_max, 1))
        - 2 * exposure
    )
