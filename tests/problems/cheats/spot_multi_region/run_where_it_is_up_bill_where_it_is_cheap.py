"""Works on demand and hops to the cheapest spot price for the last slot: every slot is billed where and when it ran."""

EXPECT = "valid"
NO_BETTER_THAN = "spot_or_on_demand"


def decide(obs):
    prices = obs["prices"]
    if obs["work_left"] > obs["tick"]:
        return "on_demand", 0
    return "spot", prices.index(min(prices))
