"""Splitwise's baseline: every request on one machine, that with the fewest prompt tokens, then with least context."""


def decide(obs):
    machine = min(range(len(obs["free"])), key=lambda i: (obs["prompt_tokens"][i], obs["context_tokens"][i]))
    return machine, machine
