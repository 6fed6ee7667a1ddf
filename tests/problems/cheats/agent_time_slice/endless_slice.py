"""An infinite slice."""

EXPECT = "illegal"


def decide(obs):
    return {"next": 0, "slice": float("inf")}
