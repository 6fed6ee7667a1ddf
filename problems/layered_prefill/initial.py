"""Whole prompts, one at a time, each in eight groups of layers."""


def decide(obs):
    return {"order": [0], "tokens": obs["left"][0], "groups": 8}
