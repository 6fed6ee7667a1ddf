"""Uniform Progress (Wu et al., Can't Be Late: Optimizing Spot Instance Savings under Deadlines, NSDI 2024).

Progress must not fall behind the straight line from the start to the deadline: spot whenever there is one, on demand
only when behind. Hysteresis: an on-demand machine is kept until progress is ahead of where the line will be after two
overheads. Safety net: on demand to the end once two overheads hardly fit.
"""


def decide(obs):
    if obs["work_left"] <= 0:
        return "none"
    has_spot, last, tick = obs["has_spot"], obs["last"], obs["tick"]
    elapsed, deadline, overhead = obs["elapsed"], obs["deadline"], obs["overhead"]
    work_left, work_total = obs["work_left"], obs["work_total"]
    progress = work_total - work_left
    behind = progress * deadline < elapsed * work_total
    behind_soon = progress * deadline <= (elapsed + 2 * overhead) * work_total
    on_spot = has_spot and last == "spot"
    if -(-(work_left + 2 * overhead) // tick) >= (deadline - elapsed) // tick and not on_spot:
        return "on_demand"
    if last == "on_demand" and (not has_spot or behind_soon):
        return "on_demand"
    if has_spot:
        return "spot"
    return "on_demand" if behind else "none"
