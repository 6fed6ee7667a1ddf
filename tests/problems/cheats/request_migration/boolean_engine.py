"""True for an engine: equal to 1, and no engine."""

EXPECT = "illegal"


def decide(obs):
    return [] if obs["event"] == "migrate" else True
