"""Time Sliced (Wu et al., NSDI 2024): ten slices of the deadline, each with its share of the work, greedy within each.

In a slice it takes spot machines or waits, until only an on-demand machine reaches the slice's share in time.
"""

SLICES = 10


def decide(obs):
    if obs["work_left"] <= 0:
        return "none"
    elapsed, deadline, tick = obs["elapsed"], obs["deadline"], obs["tick"]
    work_left, work_total, overhead = obs["work_left"], obs["work_total"], obs["overhead"]
    length = deadline / SLICES
    current = int(elapsed / length) + 1
    missing = work_total * current / SLICES - (work_total - work_left)
    time_left = current * length - elapsed
    on_spot = obs["has_spot"] and obs["last"] == "spot"
    if missing > 0 and missing + 2 * overhead + tick > time_left and not on_spot:
        return "on_demand"
    return "spot" if obs["has_spot"] else "none"
