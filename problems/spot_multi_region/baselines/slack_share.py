"""Waits only while more than a share of the proportional slack is left; cheapest spot, and on demand otherwise.

Slack is the time left minus the work left; its proportional share falls with the work. The share of 1.0 is the best of
0.3 to 1.0 on train.
"""

SHARE = 1.0


def decide(obs):
    available, prices, last, region = obs["available"], obs["prices"], obs["last"], obs["region"]
    overhead, tick = obs["overhead"], obs["tick"]
    slack = obs["deadline"] - obs["elapsed"] - obs["work_left"]
    start = obs["deadline"] - obs["work_total"]
    if last == "spot" and available[region]:
        return "spot", region
    if True in available and slack > 2 * overhead + tick:
        return "spot", min((r for r in range(len(prices)) if available[r]), key=prices.__getitem__)
    if slack > SHARE * start * obs["work_left"] / obs["work_total"] + 2 * overhead + 2 * tick:
        return "none", 0
    return "on_demand", max(region, 0)
