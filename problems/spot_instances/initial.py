"""Spot machines when there are any; waits for them while there is slack beyond a small reserve, then runs on demand."""


def decide(obs):
    has_spot, last = obs["has_spot"], obs["last"]
    elapsed, deadline, tick = obs["elapsed"], obs["deadline"], obs["tick"]
    work_left, work_total, overhead = obs["work_left"], obs["work_total"], obs["overhead"]
    if work_left <= 0:
        return "none"
    slack = deadline - elapsed - work_left
    reserve = 0.02 * (deadline - work_total) * work_left / work_total
    if has_spot and (last == "spot" or slack > 2 * overhead + tick):
        return "spot"
    if slack > reserve + 2 * overhead + 2 * tick:
        return "none"
    return "on_demand"
