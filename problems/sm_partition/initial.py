"""Half of the processors for prefill, more while prompts wait."""


def decide(obs):
    return 75 if obs["left"] else 50
