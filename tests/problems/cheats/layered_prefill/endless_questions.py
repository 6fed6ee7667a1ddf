"""A token at a time: the evaluation would take for ever."""

EXPECT = "illegal"


def decide(obs):
    return {"order": [0], "tokens": 1, "groups": 1}
