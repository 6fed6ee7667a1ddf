"""Never idle: the cheapest region's spot machine, kept until it is preempted; on demand while no region has one."""


def decide(obs):
    available, prices, region = obs["available"], obs["prices"], obs["region"]
    if obs["last"] == "spot" and available[region]:
        return "spot", region
    if True in available:
        return "spot", min((r for r in range(len(prices)) if available[r]), key=prices.__getitem__)
    return "on_demand", max(region, 0)
