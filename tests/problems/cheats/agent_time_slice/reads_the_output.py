"""Tries to read how long answers will be."""

EXPECT = "exception"


def decide(obs):
    output = obs["output"]
    return {"next": min(range(len(output)), key=lambda i: output[i]), "slice": 86400.0}
