"""Sends every long prompt to one engine, where they wait for ever, to keep the others fast: the tail is the cost."""

EXPECT = "valid"
NO_BETTER_THAN = "least_memory"


def decide(obs):
    if obs["event"] == "migrate":
        return []
    if obs["prompt"] > 1500:
        return 0
    return max(range(1, len(obs["free"])), key=lambda i: obs["free"][i] - obs["waiting_tokens"][i])
