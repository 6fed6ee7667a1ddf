"""Rewrites what it was sent: work done, no overhead, spot for nothing. The simulator keeps its own copy."""

EXPECT = "valid"
NO_BETTER_THAN = "always_on_demand"


def decide(obs):
    finished = obs["work_left"] <= 0
    obs.update(work_left=0, overhead=0, overhead_left=0, price_on_demand=0.0, price_spot=0.0, has_spot=True)
    return "none" if finished else "on_demand"
