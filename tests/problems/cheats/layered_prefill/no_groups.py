"""No group at all: the prompt would be done without a single layer."""

EXPECT = "illegal"


def decide(obs):
    return {"order": [0], "tokens": obs["left"][0], "groups": 0}
