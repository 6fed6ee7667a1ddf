"""Rewrites what it was sent: work done, everything available and free. The simulator keeps its own copy."""

EXPECT = "valid"
NO_BETTER_THAN = "always_on_demand"


def decide(obs):
    obs["available"][:] = [True] * len(obs["available"])
    obs["prices"][:] = [0.0] * len(obs["prices"])
    obs.update(work_left=0, overhead=0, overhead_left=0, price_on_demand=0.0)
    return "on_demand", 0
