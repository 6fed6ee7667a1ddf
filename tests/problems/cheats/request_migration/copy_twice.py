"""Moves a request to two engines at once, to decode it twice as fast."""

EXPECT = "illegal"


def decide(obs):
    if obs["event"] == "migrate" and obs["requests"]:
        number, engine = obs["requests"][0][:2]
        return [(number, other) for other in range(len(obs["free"])) if other != engine][:2]
    return [] if obs["event"] == "migrate" else 0
