"""Keeps a spot machine, else starts the first available one; waits while there is slack beyond a small reserve."""


def decide(obs):
    available, prices, last, region = obs["available"], obs["prices"], obs["last"], obs["region"]
    elapsed, deadline, tick = obs["elapsed"], obs["deadline"], obs["tick"]
    work_left, work_total, overhead = obs["work_left"], obs["work_total"], obs["overhead"]
    slack = deadline - elapsed - work_left
    reserve = 0.1 * (deadline - work_total) * work_left / work_total
    if last == "spot" and available[region]:
        return "spot", region
    if slack > 2 * overhead + tick:
        for r in range(len(available)):
            if available[r] and prices[r] < 0.9 * obs["price_on_demand"]:
                return "spot", r
    if slack > reserve + 2 * overhead + 2 * tick:
        return "none", 0
    return "on_demand", max(region, 0)
