"""A slice that ends before it begins, to turn time back."""

EXPECT = "illegal"


def decide(obs):
    return {"next": 0, "slice": -10.0}
