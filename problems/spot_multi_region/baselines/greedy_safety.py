"""Greedy with a safety net: any region's spot or wait until two overheads hardly fit, then on demand (ADRS, 2025)."""


def decide(obs):
    available, region, tick = obs["available"], obs["region"], obs["tick"]
    slots_left = (obs["deadline"] - obs["elapsed"]) // tick
    if obs["last"] == "spot" and available[region]:
        return "spot", region
    if -(-(obs["work_left"] + 2 * obs["overhead"]) // tick) >= slots_left:
        return "on_demand", max(region, 0)
    return ("spot", available.index(True)) if True in available else ("none", 0)
