"""Uniform Progress (Wu et al., NSDI 2024) where any region's spot machine counts as available: the first that has one.

Behind the straight line from the start to the deadline it runs on demand, and leaves an on-demand machine only when
ahead of where the line will be after two overheads; on demand to the end once two overheads hardly fit.
"""


def decide(obs):
    available, last, region, tick = obs["available"], obs["last"], obs["region"], obs["tick"]
    elapsed, deadline, overhead = obs["elapsed"], obs["deadline"], obs["overhead"]
    work_left, work_total = obs["work_left"], obs["work_total"]
    progress = work_total - work_left
    behind = progress * deadline < elapsed * work_total
    behind_soon = progress * deadline <= (elapsed + 2 * overhead) * work_total
    if last == "spot" and available[region]:
        return "spot", region
    if -(-(work_left + 2 * overhead) // tick) >= (deadline - elapsed) // tick:
        return "on_demand", max(region, 0)
    if last == "on_demand" and (True not in available or behind_soon):
        return "on_demand", region
    if True in available:
        return "spot", available.index(True)
    return ("on_demand", 0) if behind else ("none", 0)
