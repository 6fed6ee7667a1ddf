"""Greedy with a safety net, in the cheapest region that has spot machines; stays there until it is preempted."""


def decide(obs):
    available, prices, region, tick = obs["available"], obs["prices"], obs["region"], obs["tick"]
    slots_left = (obs["deadline"] - obs["elapsed"]) // tick
    if obs["last"] == "spot" and available[region]:
        return "spot", region
    if -(-(obs["work_left"] + 2 * obs["overhead"]) // tick) >= slots_left:
        return "on_demand", max(region, 0)
    if True in available:
        return "spot", min((r for r in range(len(prices)) if available[r]), key=prices.__getitem__)
    return "none", 0
