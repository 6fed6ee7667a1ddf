"""Refuses to run what has been served for long, as if it could be dropped."""

EXPECT = "illegal"


def decide(obs):
    rows = [i for i, served in enumerate(obs["served"]) if served < 10.0]
    return {"next": rows[0] if rows else None, "slice": 2.0}
