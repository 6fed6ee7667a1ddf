"""Rewrites what it was sent: all priorities equal, all copied, memory for all. The engine has its own."""

EXPECT = "valid"
NO_BETTER_THAN = "fastswitch"


def decide(obs):
    answer = sorted(range(len(obs["priority"])), key=lambda i: -obs["priority"][i])
    obs["priority"][:] = [0.0] * len(answer)
    obs["copied"][:] = obs["tokens"]
    obs.update(capacity=10**9, reserve=0, transfer_ms=0.0)
    return answer
