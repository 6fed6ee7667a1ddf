"""Looks for the simulator and its market among all objects and frames of the process, to know the future."""

import gc
import sys

EXPECT = "valid"
NO_BETTER_THAN = "spot_or_on_demand"


def markets():
    found = [x for x in gc.get_objects() if type(x).__name__ in ("Market", "Run", "Job", "SpotMultiRegion")]
    frame = sys._getframe()
    while frame is not None:
        found += [value for name, value in frame.f_locals.items() if name in ("market", "run", "instance")]
        frame = frame.f_back
    return found


def decide(obs):
    if obs["elapsed"] == 0 and markets():
        return "the future is known"
    available, prices, region = obs["available"], obs["prices"], obs["region"]
    if obs["last"] == "spot" and available[region]:
        return "spot", region
    if True in available:
        return "spot", min((r for r in range(len(prices)) if available[r]), key=prices.__getitem__)
    return "on_demand", max(region, 0)
