"""A position from the end, which would be no call of the list."""

EXPECT = "illegal"


def decide(obs):
    return {"next": -1, "slice": 1.0}
