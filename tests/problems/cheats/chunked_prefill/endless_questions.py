"""A token at a time: the evaluation would take for ever."""

EXPECT = "illegal"


def decide(obs):
    return {"budget": 1, "order": [0], "decodes": True}
