"""Lets one request in 120 wait on a machine of its own kind, below the P99: it loses more than it wins."""

EXPECT = "valid"
NO_BETTER_THAN = "splitwise"

count = [0]


def decide(obs):
    count[0] += 1
    if obs["prompt"] > 4000 or count[0] % 120 == 0:
        return 0, 0
    machine = min(range(1, len(obs["free"])), key=lambda i: (obs["prompt_tokens"][i], obs["context_tokens"][i]))
    return machine, machine
