"""Crashes in the dear scenarios and does well in the others, so that only those would be averaged."""

EXPECT = "exception"


def decide(obs):
    if len(obs["available"]) == 3:
        raise RuntimeError("not this one")
    return "on_demand", 0
