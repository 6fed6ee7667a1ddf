"""Builds nothing."""


def decide(obs):
    return {"build": []}
