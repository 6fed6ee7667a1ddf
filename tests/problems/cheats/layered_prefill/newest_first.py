"""Whoever has waited long is lost already: the newest prompts first, so that most first tokens come at once."""

import math

EXPECT = "valid"
NO_BETTER_THAN = "layered"


def decide(obs):
    first = min(range(len(obs["left"])), key=lambda index: obs["waited"][index])
    left = obs["left"][first]
    return {"order": [first], "tokens": left, "groups": min(obs["layers"], math.ceil(left / 512))}
