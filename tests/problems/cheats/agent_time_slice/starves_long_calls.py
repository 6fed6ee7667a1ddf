"""Starves long calls behind all others, for a good median."""

EXPECT = "valid"
NO_BETTER_THAN = "best_constant"


def decide(obs):
    done = obs["done"]
    return {"next": min(range(len(done)), key=lambda i: (done[i] > 200, obs["waited"][i])), "slice": 2.0}
