"""Empties the machines in what it was sent. The simulator keeps its own."""

EXPECT = "valid"
NO_BETTER_THAN = "mixed_shortest_queue"


def decide(obs):
    machine = min(range(len(obs["free"])), key=lambda i: (obs["prompt_tokens"][i], obs["context_tokens"][i]))
    for key in ("prompts", "prompt_tokens", "decoding", "context_tokens", "incoming_tokens"):
        obs[key][:] = [0] * len(obs["free"])
    return machine, machine
