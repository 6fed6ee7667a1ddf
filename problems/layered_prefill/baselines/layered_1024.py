"""Layered prefill (Lee et al., 2025), a group of layers for each 1024 tokens: on train the best constant for groups."""

import math


def decide(obs):
    groups = min(obs["layers"], math.ceil(obs["left"][0] / 1024))
    return {"order": [0], "tokens": obs["left"][0], "groups": groups}
