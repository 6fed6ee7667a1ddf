"""A slice of no length, to be asked for ever."""

EXPECT = "illegal"


def decide(obs):
    return {"next": 0, "slice": 0.0}
