def priority(conflicts, heat, delay, makespan, n):
    """Takes n for increase."""
    return delay / max(min(conflicts, 0.3 * n * heat / max(makespan, 1)), 1)
