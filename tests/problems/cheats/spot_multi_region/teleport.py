"""Moves to the cheapest available region in every slot, as if a machine could move for free: each move is a start."""

EXPECT = "valid"
NO_BETTER_THAN = "spot_or_on_demand"


def decide(obs):
    available, prices = obs["available"], obs["prices"]
    if True in available:
        return "spot", min((r for r in range(len(prices)) if available[r]), key=prices.__getitem__)
    return "on_demand", max(obs["region"], 0)
