"""Prices slack, and expects a spot machine to last about as long again as its region has been up."""

SINCE = []  # when each region last came up, in seconds
WAS = []  # availability in the slot before


def decide(obs):
    """Picks the lowest price per hour, with starts and their slack spread over the time a region should stay up."""
    available, last, region, elapsed = obs["available"], obs["last"], obs["region"], obs["elapsed"]
    if available != WAS:
        if not WAS:
            SINCE.extend([0] * len(available))
        else:
            for r, was in enumerate(WAS):
                if was != available[r]:
                    SINCE[r] = elapsed
        WAS[:] = available
    if last == "on_demand" and True not in available:
        return "on_demand", region
    prices, work_left, overhead = obs["prices"], obs["work_left"], obs["overhead"]
    slack = obs["deadline"] - elapsed - work_left
    share = (obs["deadline"] - obs["work_total"]) * work_left / obs["work_total"]
    spare = slack - 2 * overhead  # what may be used before the guard
    kept = region if last == "spot" and available[region] else -1
    if spare <= 0:
        spare = 0
        if kept >= 0:
            return "spot", kept
    slack_price = 4.0 * (share + overhead) / (spare + overhead)  # $ per hour of slack
    start = overhead / 3600
    left = work_left / 3600 + 0.01
    best, least, stay = -1, 1e18, 1.0
    for r, price in enumerate(prices):
        if available[r]:
            lasts = min(1.5 + (elapsed - SINCE[r]) / 3600, 8.0, left)  # hours it is expected to stay up
            one_start = start * (price + slack_price)
            rate = price
            if lasts < left:  # the restart when the region goes down
                rate += 0.5 * one_start / lasts
            if r != kept:  # the start now
                rate += one_start / min(lasts, 3.0)
            if rate < least:
                best, least, stay = r, rate, lasts
    if best < 0:
        return ("none", 0) if slack_price < 3.0 else ("on_demand", 0)
    if last == "on_demand":  # leave only if the saving pays for the way there and back
        on_demand = obs["price_on_demand"]
        saving = (on_demand - prices[best]) * stay
        way = start * (prices[best] + on_demand + 2 * slack_price)
        if spare <= 0 or saving <= way:
            return "on_demand", region
    return "spot", best
