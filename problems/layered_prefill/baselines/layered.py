"""Layered prefill (Lee et al., 2025): one prompt at a time, whole, a group of layers for each 512 of its tokens."""

import math


def decide(obs):
    groups = min(obs["layers"], math.ceil(obs["left"][0] / 512))
    return {"order": [0], "tokens": obs["left"][0], "groups": groups}
