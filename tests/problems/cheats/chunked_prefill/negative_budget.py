"""A negative budget, to turn time back."""

EXPECT = "illegal"


def decide(obs):
    return {"budget": -512, "order": [0], "decodes": True}
