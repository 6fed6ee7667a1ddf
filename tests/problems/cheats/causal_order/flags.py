"""Answers with bools, which count as 1 and 0 where types are not checked."""

EXPECT = "illegal"


def decide(obs):
    return [True, False]
