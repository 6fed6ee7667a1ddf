"""Greedy with a safety net: spot or wait until two overheads hardly fit, then on demand to the end (ADRS, 2025)."""


def slots(seconds, tick):
    return -(-seconds // tick)


def decide(obs):
    if obs["work_left"] <= 0:
        return "none"
    tick, work_left, overhead = obs["tick"], obs["work_left"], obs["overhead"]
    slots_left = (obs["deadline"] - obs["elapsed"]) // tick
    on_spot = obs["has_spot"] and obs["last"] == "spot"
    if slots(work_left + overhead, tick) >= slots_left:
        return "on_demand"
    if slots(work_left + 2 * overhead, tick) >= slots_left and not on_spot:
        return "on_demand"
    return "spot" if obs["has_spot"] else "none"
