"""Answers NaN, so that comparisons with the best bound are false."""

EXPECT = "illegal"


def decide(obs):
    return [float("nan")] * len(obs["multipliers"])
