"""Empties the engines in what it was sent. The simulator keeps its own."""

EXPECT = "valid"
NO_BETTER_THAN = "least_memory"


def decide(obs):
    answer = max(range(len(obs["free"])), key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
    obs["free"][:] = [obs["capacity"]] * len(obs["free"])
    obs["waiting_tokens"][:] = obs["waiting"][:] = obs["running"][:] = [0] * len(obs["free"])
    return [] if obs["event"] == "migrate" else answer
