"""Names roads from the end of the list, so that a negative cost or another road might be looked up."""

EXPECT = "illegal"


def decide(obs):
    return {"build": [-1]}
