"""Rewrites what it was sent: nothing to transfer, all served. The core has its own."""

EXPECT = "valid"
NO_BETTER_THAN = "round_robin"


def decide(obs):
    idle = obs["idle"]
    answer = {"next": max(range(len(idle)), key=lambda i: idle[i]), "slice": 1.0}
    for name in ("transfer", "served", "waited", "done", "prompt"):
        obs[name][:] = [0] * len(idle)
    obs["past"][:] = [[1]] * 4
    return answer
