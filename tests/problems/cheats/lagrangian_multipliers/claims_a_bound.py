"""Sends a bound of its own along."""

EXPECT = "illegal"


def decide(obs):
    return {"multipliers": obs["multipliers"], "bound": obs["target"], "best": obs["target"]}
